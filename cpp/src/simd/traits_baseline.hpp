// What any CPU has: vectors of four floats, multiply and add rounded apart.
#pragma once

#include <cstdint>

namespace {

struct Isa {
    static constexpr int width = 4;
    static constexpr int registers = 16;
    using Scalar = float;
    typedef float Float __attribute__((vector_size(16)));
    typedef float Unaligned __attribute__((vector_size(16), aligned(4)));
    using Vector = Float;
    typedef std::int32_t Int __attribute__((vector_size(16)));
    typedef std::int32_t UnalignedInt __attribute__((vector_size(16), aligned(4)));

    static Float zero() { return Float{}; }
    static Float load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
    static void store(float* p, Float v) { *reinterpret_cast<Unaligned*>(p) = v; }
    static Float broadcast(float v) { return Float{v, v, v, v}; }
    static Float fma(Float a, Float b, Float c) { return a * b + c; }
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
    static unsigned bits(Int v) {
        return static_cast<unsigned>((v[0] & 1) | (v[1] & 2) | (v[2] & 4) | (v[3] & 8));
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

}  // namespace
