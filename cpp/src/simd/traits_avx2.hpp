#pragma once

#include <immintrin.h>

namespace {

struct Isa {
    static constexpr int width = 8;
    using Float = __m256;

    static Float zero() { return _mm256_setzero_ps(); }
    static Float load(const float* p) { return _mm256_loadu_ps(p); }
    static void store(float* p, Float v) { _mm256_storeu_ps(p, v); }
    static Float broadcast(float v) { return _mm256_set1_ps(v); }
    static Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
};

}  // namespace
