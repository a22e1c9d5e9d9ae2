#pragma once

#include <immintrin.h>

#include <cstdint>

#include "simd/bytes.hpp"

namespace {

// For each mask of eight lanes the numbers of those that it selects.
struct SelectedLanes {
    std::uint8_t of[256][8];
};

constexpr SelectedLanes selected_lanes = [] {
    SelectedLanes table = {};
    for (int mask = 0; mask < 256; ++mask) {
        int n = 0;
        for (std::uint8_t lane = 0; lane < 8; ++lane) {
            if ((mask >> lane) & 1) table.of[mask][n++] = lane;
        }
    }
    return table;
}();

struct Isa {
    static constexpr int width = 8;
    static constexpr int registers = 16;
    static constexpr bool has_lanes = false;
    using Scalar = float;
    using Float = __m256;
    using Vector = Float;
    using Int = __m256i;

    static Float zero() { return _mm256_setzero_ps(); }
    static Float load(const float* p) { return _mm256_loadu_ps(p); }
    // The first n floats (all from 8 on, none from 0 down), then zeros.
    static Float load_some(const float* p, std::int64_t n) {
        const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        const auto count = static_cast<std::int32_t>(n);
        return _mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes));
    }
    static void store(float* p, Float v) { _mm256_storeu_ps(p, v); }
    static Float broadcast(float v) { return _mm256_set1_ps(v); }
    static Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
    // The sum of 16 partial sums: halves added, 8, 4, 2, 1.
    static float sum(const Float (&parts)[2]) {
        const __m256 eight = _mm256_add_ps(parts[0], parts[1]);
        const __m128 four =
            _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
        const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
    }
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

    static Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
    static Float sub(Float a, Float b) { return _mm256_sub_ps(a, b); }
    static Float mul(Float a, Float b) { return _mm256_mul_ps(a, b); }
    static Float div(Float a, Float b) { return _mm256_div_ps(a, b); }
    static Float max(Float a, Float b) { return _mm256_max_ps(a, b); }

    // Comparisons give a bit for each lane.
    static unsigned greater(Float a, Float b) { return bits(_mm256_cmp_ps(a, b, _CMP_GT_OQ)); }
    static unsigned at_least(Float a, Float b) { return bits(_mm256_cmp_ps(a, b, _CMP_GE_OQ)); }
    static unsigned not_equal(Float a, Float b) { return bits(_mm256_cmp_ps(a, b, _CMP_NEQ_UQ)); }
    static unsigned less(Int a, Int b) {
        return bits(_mm256_castsi256_ps(_mm256_cmpgt_epi32(b, a)));
    }
    static unsigned bits(Float v) { return static_cast<unsigned>(_mm256_movemask_ps(v)); }
    // A bit for each of 64 bytes that is at least `least`.
    static std::uint64_t at_least(const std::uint8_t* bytes, std::uint8_t least) {
        const Int bound = _mm256_set1_epi8(static_cast<char>(least));
        std::uint64_t reached = 0;
        for (int half = 0; half < 2; ++half) {
            const Int v = _mm256_loadu_si256(reinterpret_cast<const Int*>(bytes + 32 * half));
            const int lanes = _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(v, bound), v));
            reached |= std::uint64_t{static_cast<std::uint32_t>(lanes)} << (32 * half);
        }
        return reached;
    }

    static Int load(const std::int32_t* p) {
        return _mm256_loadu_si256(reinterpret_cast<const Int*>(p));
    }
    // first, first + 1, ...
    static Int count_from(std::int32_t first) {
        return _mm256_add_epi32(_mm256_set1_epi32(first),
                                _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    }
    static Float gather(const float* from, const std::int32_t* at) {
        return _mm256_i32gather_ps(from, load(at), 4);
    }

    // Writes the lanes that `mask` selects one after the other, then anything: a whole vector.
    static void compress(float* to, unsigned mask, Float v) {
        store(to, _mm256_permutevar8x32_ps(v, order(mask)));
    }
    static void compress(std::int32_t* to, unsigned mask, Int v) {
        _mm256_storeu_si256(reinterpret_cast<Int*>(to),
                            _mm256_permutevar8x32_epi32(v, order(mask)));
    }
    static Int order(unsigned mask) {
        const auto* lanes = reinterpret_cast<const __m128i*>(selected_lanes.of[mask]);
        return _mm256_cvtepu8_epi32(_mm_loadl_epi64(lanes));
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

// Products of quantised vectors: sums of eight items, their codes for four factors (Codes), and
// those of one user (Word).
struct IsaCodes {
    static constexpr int width = Isa::width;
    using Int = __m256i;
    struct Codes {
        __m256i even, odd;
    };
    using Word = Codes;
    static constexpr int tile_users = 4;
    static constexpr int tile_vectors = 2;
    static constexpr int words = 2;
    // The lowest byte of each of eight longs.
    template <class Longs>
    static void store_low_bytes(Longs longs, std::int8_t* to) {
        for (int i = 0; i < 8; ++i) to[i] = static_cast<std::int8_t>(longs[i]);
    }
    static Int broadcast(std::int32_t v) { return _mm256_set1_epi32(v); }
    static unsigned not_negative(Int v) {
        return 0xFFU & ~static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(v)));
    }
    // Each row's word of 32 bits, its bit moved to the sign.
    static unsigned bits_at(const std::uint64_t* words, const std::int32_t* rows) {
        const __m256i at = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows));
        const __m256i found = _mm256_i32gather_epi32(reinterpret_cast<const int*>(words),
                                                     _mm256_srli_epi32(at, 5), 4);
        const __m256i left = _mm256_andnot_si256(at, _mm256_set1_epi32(31));
        return static_cast<unsigned>(
            _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_sllv_epi32(found, left))));
    }
    static Codes load_codes(const std::uint8_t* p) {
        const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
        return {_mm256_and_si256(codes, _mm256_set1_epi16(0xFF)), _mm256_srli_epi16(codes, 8)};
    }
    static Word load_word(const std::int32_t* p) {
        return {_mm256_set1_epi32(p[0]), _mm256_set1_epi32(p[1])};
    }
    static Int dot4(Int sums, Codes items, Word user) {
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(items.even, user.even));
        return _mm256_add_epi32(sums, _mm256_madd_epi16(items.odd, user.odd));
    }
};

}  // namespace
