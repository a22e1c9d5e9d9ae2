#pragma once

#include <arm_neon.h>

namespace {

struct Isa {
    static constexpr int width = 4;
    static constexpr int registers = 32;
    using Scalar = float;
    using Float = float32x4_t;
    using Vector = Float;

    static Float zero() { return vdupq_n_f32(0.0F); }
    static Float load(const float* p) { return vld1q_f32(p); }
    static void store(float* p, Float v) { vst1q_f32(p, v); }
    static Float broadcast(float v) { return vdupq_n_f32(v); }
    static Float fma(Float a, Float b, Float c) { return vfmaq_f32(c, a, b); }
    static Float sqrt(Float v) { return vsqrtq_f32(v); }
    static Float min(Float a, Float b) { return vminq_f32(a, b); }

    // The sums of the elements of eight vectors.
    static void sums(const Float (&v)[8], float* out) {
        for (int i = 0; i < 8; i += 4) {
            store(out + i, vpaddq_f32(vpaddq_f32(v[i], v[i + 1]), vpaddq_f32(v[i + 2], v[i + 3])));
        }
    }

    // Row i becomes column i.
    static void transpose(Float (&v)[4]) {
        const float32x4x2_t a = vzipq_f32(v[0], v[2]);
        const float32x4x2_t b = vzipq_f32(v[1], v[3]);
        const float32x4x2_t low = vzipq_f32(a.val[0], b.val[0]);
        const float32x4x2_t high = vzipq_f32(a.val[1], b.val[1]);
        v[0] = low.val[0];
        v[1] = low.val[1];
        v[2] = high.val[0];
        v[3] = high.val[1];
    }
};

struct IsaDouble {
    static constexpr int width = 2;
    static constexpr int registers = 32;
    using Scalar = double;
    using Vector = float64x2_t;

    static Vector zero() { return vdupq_n_f64(0.0); }
    static Vector load(const double* p) { return vld1q_f64(p); }
    static void store(double* p, Vector v) { vst1q_f64(p, v); }
    static Vector broadcast(double v) { return vdupq_n_f64(v); }
    static Vector fma(Vector a, Vector b, Vector c) { return vfmaq_f64(c, a, b); }
    static Vector sqrt(Vector v) { return vsqrtq_f64(v); }
    static Vector min(Vector a, Vector b) { return vminq_f64(a, b); }
};

}  // namespace
