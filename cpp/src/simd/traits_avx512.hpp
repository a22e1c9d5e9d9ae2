#pragma once

#include <immintrin.h>

namespace {

struct Isa {
    static constexpr int width = 16;
    using Float = __m512;

    static Float zero() { return _mm512_setzero_ps(); }
    static Float load(const float* p) { return _mm512_loadu_ps(p); }
    static void store(float* p, Float v) { _mm512_storeu_ps(p, v); }
    static Float broadcast(float v) { return _mm512_set1_ps(v); }
    static Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace
