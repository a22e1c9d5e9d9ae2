// What any CPU has: vectors of four floats, multiply and add rounded apart.
#pragma once

#include <cstdint>

#include "simd/bytes.hpp"

namespace {

struct Isa {
    static constexpr int width = 4;
    static constexpr int registers = 16;
    static constexpr bool has_lanes = false;
    using Scalar = float;
    typedef float Float __attribute__((vector_size(16)));
    typedef float Unaligned __attribute__((vector_size(16), aligned(4)));
    using Vector = Float;
    typedef std::int32_t Int __attribute__((vector_size(16)));
    typedef std::int32_t UnalignedInt __attribute__((vector_size(16), aligned(4)));

    static Float zero() { return Float{}; }
    static Float load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
    // The first n floats (all from 4 on, none from 0 down), then zeros.
    static Float load_some(const float* p, std::int64_t n) {
        Float some = Float{};
        for (int i = 0; i < width && i < n; ++i) some[i] = p[i];
        return some;
    }
    static void store(float* p, Float v) { *reinterpret_cast<Unaligned*>(p) = v; }
    static Float broadcast(float v) { return Float{v, v, v, v}; }
    static Float fma(Float a, Float b, Float c) { return a * b + c; }
    // The sum of 16 partial sums: halves added, 8, 4, 2, 1.
    static float sum(const Float (&parts)[4]) {
        const Float four = (parts[0] + parts[2]) + (parts[1] + parts[3]);
        return (four[0] + four[2]) + (four[1] + four[3]);
    }
    static Float sqrt(Float v) {
        return Float{__builtin_sqrtf(v[0]), __builtin_sqrtf(v[1]), __builtin_sqrtf(v[2]),
                     __builtin_sqrtf(v[3])};
    }
    static Float min(Float a, Float b) { return a < b ? a : b; }

    // The sums of the elements of eight vectors.
    static void sums(const Float (&v)[8], float* out) {
        for (int i = 0; i < 8; ++i) out[i] = (v[i][0] + v[i][2]) + (v[i][1] + v[i][3]);
    }

    // Row i becomes column i.
    static void transpose(Float (&v)[4]) {
        const Float a = v[0];
        const Float b = v[1];
        const Float c = v[2];
        const Float d = v[3];
        for (int i = 0; i < 4; ++i) v[i] = Float{a[i], b[i], c[i], d[i]};
    }

    static Float add(Float a, Float b) { return a + b; }
    static Float sub(Float a, Float b) { return a - b; }
    static Float mul(Float a, Float b) { return a * b; }
    static Float div(Float a, Float b) { return a / b; }
    static Float max(Float a, Float b) { return a > b ? a : b; }

    // Comparisons give a bit for each lane.
    static unsigned greater(Float a, Float b) { return bits(a > b); }
    static unsigned at_least(Float a, Float b) { return bits(a >= b); }
    static unsigned not_equal(Float a, Float b) { return bits(a != b); }
    static unsigned less(Int a, Int b) { return bits(a < b); }
    static unsigned bits(Int v) {
        return static_cast<unsigned>((v[0] & 1) | (v[1] & 2) | (v[2] & 4) | (v[3] & 8));
    }
    static std::uint64_t at_least(const std::uint8_t* bytes, std::uint8_t least) {
        return bytes_at_least(bytes, least);
    }

    static Int load(const std::int32_t* p) { return *reinterpret_cast<const UnalignedInt*>(p); }
    // first, first + 1, ...
    static Int count_from(std::int32_t first) {
        return Int{first, first + 1, first + 2, first + 3};
    }
    static Float gather(const float* from, const std::int32_t* at) {
        return Float{from[at[0]], from[at[1]], from[at[2]], from[at[3]]};
    }

    // Writes the lanes that `mask` selects one after the other, then anything: a whole vector.
    static void compress(float* to, unsigned mask, Float v) {
        for (unsigned lane = 0, n = 0; lane < 4; n += (mask >> lane++) & 1U) to[n] = v[lane];
    }
    static void compress(std::int32_t* to, unsigned mask, Int v) {
        for (unsigned lane = 0, n = 0; lane < 4; n += (mask >> lane++) & 1U) to[n] = v[lane];
    }
};

struct IsaDouble {
    static constexpr int width = 2;
    static constexpr int registers = 16;
    using Scalar = double;
    typedef double Vector __attribute__((vector_size(16)));
    typedef double Unaligned __attribute__((vector_size(16), aligned(8)));

    static Vector zero() { return Vector{}; }
    static Vector load(const double* p) { return *reinterpret_cast<const Unaligned*>(p); }
    static void store(double* p, Vector v) { *reinterpret_cast<Unaligned*>(p) = v; }
    static Vector broadcast(double v) { return Vector{v, v}; }
    static Vector fma(Vector a, Vector b, Vector c) { return a * b + c; }
    static Vector sqrt(Vector v) { return Vector{__builtin_sqrt(v[0]), __builtin_sqrt(v[1])}; }
    static Vector min(Vector a, Vector b) { return a < b ? a : b; }
};

// Products of quantised vectors: sums of four items, their codes for four factors (Codes), and
// those of one user (Word).
struct IsaCodes {
    static constexpr int width = Isa::width;
    typedef std::int32_t Int __attribute__((vector_size(16)));
    typedef std::int16_t Short __attribute__((vector_size(16)));
    typedef std::uint16_t UnalignedCodes __attribute__((vector_size(16), aligned(1), may_alias));
    struct Codes {
        Short even, odd;
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
    static Int broadcast(std::int32_t v) { return Int{v, v, v, v}; }
    static unsigned not_negative(Int v) {
        unsigned mask = 0;
        for (int i = 0; i < width; ++i) mask |= (v[i] >= 0 ? 1U : 0U) << i;
        return mask;
    }
    static unsigned bits_at(const std::uint64_t* words, const std::int32_t* rows) {
        return static_cast<unsigned>(::bits_at<width>(words, rows));
    }
    static Codes load_codes(const std::uint8_t* p) {
        const auto codes = *reinterpret_cast<const UnalignedCodes*>(p);
        return {reinterpret_cast<Short>(codes & 0xFF), reinterpret_cast<Short>(codes >> 8)};
    }
    static Word load_word(const std::int32_t* p) {
        return {reinterpret_cast<Short>(broadcast(p[0])), reinterpret_cast<Short>(broadcast(p[1]))};
    }
    static Int dot2(Short items, Short user) {
#ifdef __SSE2__
        return reinterpret_cast<Int>(__builtin_ia32_pmaddwd128(items, user));
#else
        // Products of a code below 256 and one within +-127 fit in 16 bits.
        const auto pairs = reinterpret_cast<Int>(items * user);
        return ((pairs << 16) >> 16) + (pairs >> 16);
#endif
    }
    static Int dot4(Int sums, Codes items, Word user) {
        return sums + dot2(items.even, user.even) + dot2(items.odd, user.odd);
    }
};

}  // namespace
