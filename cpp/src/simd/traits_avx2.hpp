#pragma once

#include <immintrin.h>

namespace {

struct Isa {
    static constexpr int width = 8;
    static constexpr int registers = 16;
    using Scalar = float;
    using Float = __m256;
    using Vector = Float;

    static Float zero() { return _mm256_setzero_ps(); }
    static Float load(const float* p) { return _mm256_loadu_ps(p); }
    static void store(float* p, Float v) { _mm256_storeu_ps(p, v); }
    static Float broadcast(float v) { return _mm256_set1_ps(v); }
    static Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
    static Float sqrt(Float v) { return _mm256_sqrt_ps(v); }
    static Float min(Float a, Float b) { return _mm256_min_ps(a, b); }

    // The sums of the elements of eight vectors.
    static void sums(const Float (&v)[8], float* out) {
        const Float a = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
        const Float b = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
        store(out, _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20),
                                 _mm256_permute2f128_ps(a, b, 0x31)));
    }

    // Row i becomes column i.
    static void transpose(Float (&v)[8]) {
        Float t[8];
        for (int i = 0; i < 8; i += 4) {
            const Float a = _mm256_unpacklo_ps(v[i], v[i + 1]);
            const Float b = _mm256_unpackhi_ps(v[i], v[i + 1]);
            const Float c = _mm256_unpacklo_ps(v[i + 2], v[i + 3]);
            const Float d = _mm256_unpackhi_ps(v[i + 2], v[i + 3]);
            t[i] = _mm256_shuffle_ps(a, c, 0x44);
            t[i + 1] = _mm256_shuffle_ps(a, c, 0xEE);
            t[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
            t[i + 3] = _mm256_shuffle_ps(b, d, 0xEE);
        }
        for (int i = 0; i < 4; ++i) {
            v[i] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x20);
            v[i + 4] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x31);
        }
    }
};

struct IsaDouble {
    static constexpr int width = 4;
    static constexpr int registers = 16;
    using Scalar = double;
    using Vector = __m256d;

    static Vector zero() { return _mm256_setzero_pd(); }
    static Vector load(const double* p) { return _mm256_loadu_pd(p); }
    static void store(double* p, Vector v) { _mm256_storeu_pd(p, v); }
    static Vector broadcast(double v) { return _mm256_set1_pd(v); }
    static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_pd(a, b, c); }
    static Vector sqrt(Vector v) { return _mm256_sqrt_pd(v); }
    static Vector min(Vector a, Vector b) { return _mm256_min_pd(a, b); }
};

}  // namespace
