#pragma once

#include <arm_neon.h>

namespace {

struct Isa {
    static constexpr int width = 4;
    using Float = float32x4_t;

    static Float zero() { return vdupq_n_f32(0.0F); }
    static Float load(const float* p) { return vld1q_f32(p); }
    static void store(float* p, Float v) { vst1q_f32(p, v); }
    static Float broadcast(float v) { return vdupq_n_f32(v); }
    static Float fma(Float a, Float b, Float c) { return vfmaq_f32(c, a, b); }
};

}  // namespace
