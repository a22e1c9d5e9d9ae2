#pragma once

#include <immintrin.h>

#include <cstdint>

#include "simd/bytes.hpp"

namespace {

struct Isa {
    static constexpr int width = 16;
    static constexpr int registers = 32;
    using Scalar = float;
    using Float = __m512;
    using Vector = Float;
    using Int = __m512i;

    static Float zero() { return _mm512_setzero_ps(); }
    static Float load(const float* p) { return _mm512_loadu_ps(p); }
    // The first n floats (all from 16 on, none from 0 down), then zeros.
    static Float load_some(const float* p, std::int64_t n) {
        const auto mask = n >= 16 ? 0xFFFFU : n > 0 ? (1U << n) - 1 : 0U;
        return _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), p);
    }
    static void store(float* p, Float v) { _mm512_storeu_ps(p, v); }
    static Float broadcast(float v) { return _mm512_set1_ps(v); }
    static Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
    // The sum of 16 partial sums: halves added, 8, 4, 2, 1.
    static float sum(const Float (&parts)[1]) {
        // By the builtin: gcc 12 warns about the intrinsics that take vectors apart.
        const __m256 low = __builtin_shufflevector(parts[0], parts[0], 0, 1, 2, 3, 4, 5, 6, 7);
        const __m256 high =
            __builtin_shufflevector(parts[0], parts[0], 8, 9, 10, 11, 12, 13, 14, 15);
        const __m256 eight = _mm256_add_ps(low, high);
        const __m128 four =
            _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
        const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
    }
    static Float sqrt(Float v) { return _mm512_sqrt_ps(v); }
    static Float min(Float a, Float b) { return _mm512_min_ps(a, b); }

    // The sums of the elements of eight vectors: halves of two vectors share one, then quarters.
    static void sums(const Float (&v)[8], float* out) {
        Float half[4];
        for (int i = 0; i < 4; ++i) {
            half[i] = _mm512_add_ps(_mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0x44),
                                    _mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0xEE));
        }
        Float quarter[2];
        for (int i = 0; i < 2; ++i) {
            quarter[i] = _mm512_add_ps(_mm512_shuffle_f32x4(half[2 * i], half[2 * i + 1], 0x88),
                                       _mm512_shuffle_f32x4(half[2 * i], half[2 * i + 1], 0xDD));
        }
        const Float pair = _mm512_add_ps(_mm512_shuffle_ps(quarter[0], quarter[1], 0x44),
                                         _mm512_shuffle_ps(quarter[0], quarter[1], 0xEE));
        const Float sum = _mm512_add_ps(pair, _mm512_permute_ps(pair, 0xB1));
        const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0);
        _mm256_storeu_ps(out, _mm512_castps512_ps256(_mm512_permutexvar_ps(order, sum)));
    }

    static Float abs(Float a) { return _mm512_abs_ps(a); }
    // What belongs to four things can be kept in the four lanes of 128 bits.
    static constexpr bool has_lanes = true;
    // Lane i is four times the sum of the elements of v[i].
    static Float lane_sums(const Float (&v)[4]) {
        Float half[2];
        for (int i = 0; i < 2; ++i) {
            half[i] = _mm512_add_ps(_mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0x44),
                                    _mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0xEE));
        }
        Float sum = _mm512_add_ps(_mm512_shuffle_f32x4(half[0], half[1], 0x88),
                                  _mm512_shuffle_f32x4(half[0], half[1], 0xDD));
        sum = _mm512_add_ps(sum, _mm512_permute_ps(sum, 0xB1));
        return _mm512_add_ps(sum, _mm512_permute_ps(sum, 0x4E));
    }
    // Lane i is four times p[i], for at most n of them, then zeros.
    static Float spread(const float* p, std::int64_t n) {
        const __m512i order = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
        const Float four = n < 4 ? load_some(p, n) : _mm512_castps128_ps512(_mm_loadu_ps(p));
        return _mm512_permutexvar_ps(order, four);
    }
    // Vector i of `out` has lane i of v everywhere.
    static void broadcast_lanes(Float v, Float (&out)[4]) {
        out[0] = _mm512_shuffle_f32x4(v, v, 0x00);
        out[1] = _mm512_shuffle_f32x4(v, v, 0x55);
        out[2] = _mm512_shuffle_f32x4(v, v, 0xAA);
        out[3] = _mm512_shuffle_f32x4(v, v, 0xFF);
    }
    // The sum of the first elements of the lanes.
    static float sum_of_lanes(Float v) { return (v[0] + v[8]) + (v[4] + v[12]); }

    // Row i becomes column i.
    static void transpose(Float (&v)[16]) {
        Float t[16];
        for (int i = 0; i < 16; i += 4) {
            const Float a = _mm512_unpacklo_ps(v[i], v[i + 1]);
            const Float b = _mm512_unpackhi_ps(v[i], v[i + 1]);
            const Float c = _mm512_unpacklo_ps(v[i + 2], v[i + 3]);
            const Float d = _mm512_unpackhi_ps(v[i + 2], v[i + 3]);
            t[i] = _mm512_shuffle_ps(a, c, 0x44);
            t[i + 1] = _mm512_shuffle_ps(a, c, 0xEE);
            t[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
            t[i + 3] = _mm512_shuffle_ps(b, d, 0xEE);
        }
        // Each t holds 4x4 blocks that are transposed already: now the blocks change places.
        for (int i = 0; i < 4; ++i) {
            const Float a = _mm512_shuffle_f32x4(t[i], t[i + 4], 0x88);
            const Float b = _mm512_shuffle_f32x4(t[i], t[i + 4], 0xDD);
            const Float c = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0x88);
            const Float d = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0xDD);
            v[i] = _mm512_shuffle_f32x4(a, c, 0x88);
            v[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
            v[i + 8] = _mm512_shuffle_f32x4(a, c, 0xDD);
            v[i + 12] = _mm512_shuffle_f32x4(b, d, 0xDD);
        }
    }

    static Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
    static Float sub(Float a, Float b) { return _mm512_sub_ps(a, b); }
    static Float mul(Float a, Float b) { return _mm512_mul_ps(a, b); }
    static Float div(Float a, Float b) { return _mm512_div_ps(a, b); }
    static Float max(Float a, Float b) { return _mm512_max_ps(a, b); }

    // Comparisons give a bit for each lane.
    static unsigned greater(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
    static unsigned at_least(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
    static unsigned not_equal(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ); }
    static unsigned less(Int a, Int b) { return _mm512_cmplt_epi32_mask(a, b); }
    // A bit for each of 64 bytes that is at least `least`.
    static std::uint64_t at_least(const std::uint8_t* bytes, std::uint8_t least) {
        return _mm512_cmpge_epu8_mask(_mm512_loadu_si512(bytes),
                                      _mm512_set1_epi8(static_cast<char>(least)));
    }

    static Int load(const std::int32_t* p) { return _mm512_loadu_si512(p); }
    // first, first + 1, ...
    static Int count_from(std::int32_t first) {
        return _mm512_add_epi32(
            _mm512_set1_epi32(first),
            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    }
    static Float gather(const float* from, const std::int32_t* at) {
        return _mm512_i32gather_ps(load(at), from, 4);
    }

    // Writes the lanes that `mask` selects one after the other, then anything: a whole vector.
    static void compress(float* to, unsigned mask, Float v) {
        store(to, _mm512_maskz_compress_ps(static_cast<__mmask16>(mask), v));
    }
    static void compress(std::int32_t* to, unsigned mask, Int v) {
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), v));
    }
};

struct IsaDouble {
    static constexpr int width = 8;
    static constexpr int registers = 32;
    using Scalar = double;
    using Vector = __m512d;

    static Vector zero() { return _mm512_setzero_pd(); }
    static Vector load(const double* p) { return _mm512_loadu_pd(p); }
    static void store(double* p, Vector v) { _mm512_storeu_pd(p, v); }
    static Vector broadcast(double v) { return _mm512_set1_pd(v); }
    static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_pd(a, b, c); }
    static Vector sqrt(Vector v) { return _mm512_sqrt_pd(v); }
    static Vector min(Vector a, Vector b) { return _mm512_min_pd(a, b); }
};

// Products of quantised vectors: sums of sixteen items, their codes for four factors (Codes), and
// those of one user (Word).
struct IsaCodes {
    static constexpr int width = Isa::width;
    using Int = __m512i;
    static constexpr int tile_users = 6;
    static Int broadcast(std::int32_t v) { return _mm512_set1_epi32(v); }
    static unsigned not_negative(Int v) { return 0xFFFFU & ~unsigned{_mm512_movepi32_mask(v)}; }
    // The lowest byte of each of eight longs.
    template <class Longs>
    static void store_low_bytes(Longs longs, std::int8_t* to) {
        const auto wide = __builtin_bit_cast(__m512i, longs);
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm512_cvtepi64_epi8(wide));
    }
    // Each row's word of 32 bits, its bit moved to the sign.
    static unsigned bits_at(const std::uint64_t* words, const std::int32_t* rows) {
        const __m512i at = _mm512_loadu_si512(rows);
        const __m512i found = _mm512_i32gather_epi32(_mm512_srli_epi32(at, 5), words, 4);
        const __m512i left = _mm512_andnot_si512(at, _mm512_set1_epi32(31));
        return _mm512_movepi32_mask(_mm512_sllv_epi32(found, left));
    }
#ifdef __AVX512VNNI__
    using Codes = __m512i;
    using Word = __m512i;
    static constexpr int tile_vectors = 4;
    static constexpr int words = 1;
    static Codes load_codes(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
    static Word load_word(const std::int32_t* p) { return _mm512_set1_epi32(*p); }
    static Int dot4(Int sums, Codes items, Word user) {
        // Not the intrinsic: with it gcc 12 copies every sum to another register and to memory,
        // in each step, which takes more than half of the time.
        __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(items), "v"(user));
        return sums;
    }
#else
    struct Codes {
        __m512i even, odd;
    };
    using Word = Codes;
    static constexpr int tile_vectors = 2;
    static constexpr int words = 2;
    static Codes load_codes(const std::uint8_t* p) {
        const __m512i codes = _mm512_loadu_si512(p);
        return {_mm512_and_si512(codes, _mm512_set1_epi16(0xFF)), _mm512_srli_epi16(codes, 8)};
    }
    static Word load_word(const std::int32_t* p) {
        return {_mm512_set1_epi32(p[0]), _mm512_set1_epi32(p[1])};
    }
    static Int dot4(Int sums, Codes items, Word user) {
        sums = _mm512_add_epi32(sums, _mm512_madd_epi16(items.even, user.even));
        return _mm512_add_epi32(sums, _mm512_madd_epi16(items.odd, user.odd));
    }
#endif
};

}  // namespace
