#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "simd/bytes.hpp"

namespace {

struct Isa {
    static constexpr int width = 4;
    static constexpr int registers = 32;
    static constexpr bool has_lanes = false;
    using Scalar = float;
    using Float = float32x4_t;
    using Vector = Float;
    using Int = int32x4_t;

    static Float zero() { return vdupq_n_f32(0.0F); }
    static Float load(const float* p) { return vld1q_f32(p); }
    // The first n floats (all from 4 on, none from 0 down), then zeros.
    static Float load_some(const float* p, std::int64_t n) {
        Float some = vdupq_n_f32(0.0F);
        for (int i = 0; i < width && i < n; ++i) some[i] = p[i];
        return some;
    }
    static void store(float* p, Float v) { vst1q_f32(p, v); }
    static Float broadcast(float v) { return vdupq_n_f32(v); }
    static Float fma(Float a, Float b, Float c) { return vfmaq_f32(c, a, b); }
    // The sum of 16 partial sums: halves added, 8, 4, 2, 1.
    static float sum(const Float (&parts)[4]) {
        const Float four = vaddq_f32(vaddq_f32(parts[0], parts[2]), vaddq_f32(parts[1], parts[3]));
        const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
        return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
    }
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

    static Float add(Float a, Float b) { return vaddq_f32(a, b); }
    static Float sub(Float a, Float b) { return vsubq_f32(a, b); }
    static Float mul(Float a, Float b) { return vmulq_f32(a, b); }
    static Float div(Float a, Float b) { return vdivq_f32(a, b); }
    static Float max(Float a, Float b) { return vmaxq_f32(a, b); }

    // Comparisons give a bit for each lane.
    static unsigned greater(Float a, Float b) { return bits(vcgtq_f32(a, b)); }
    static unsigned at_least(Float a, Float b) { return bits(vcgeq_f32(a, b)); }
    static unsigned not_equal(Float a, Float b) { return bits(vmvnq_u32(vceqq_f32(a, b))); }
    static unsigned less(Int a, Int b) { return bits(vcltq_s32(a, b)); }
    static unsigned bits(uint32x4_t v) { return vaddvq_u32(vandq_u32(v, uint32x4_t{1, 2, 4, 8})); }
    static std::uint64_t at_least(const std::uint8_t* bytes, std::uint8_t least) {
        return bytes_at_least(bytes, least);
    }

    static Int load(const std::int32_t* p) { return vld1q_s32(p); }
    // first, first + 1, ...
    static Int count_from(std::int32_t first) {
        return vaddq_s32(vdupq_n_s32(first), int32x4_t{0, 1, 2, 3});
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

// Products of quantised vectors: sums of four items, their codes for four factors (Codes), and
// those of one user (Word).
struct IsaCodes {
    static constexpr int width = Isa::width;
    using Int = int32x4_t;
    struct Codes {
        int16x8_t even, odd;
    };
    using Word = Codes;
    static constexpr int tile_users = 6;
    static constexpr int tile_vectors = 2;
    static constexpr int words = 2;
    // The lowest byte of each of eight longs.
    template <class Longs>
    static void store_low_bytes(Longs longs, std::int8_t* to) {
        for (int i = 0; i < 8; ++i) to[i] = static_cast<std::int8_t>(longs[i]);
    }
    static Int broadcast(std::int32_t v) { return vdupq_n_s32(v); }
    static unsigned not_negative(Int v) {
        const uint32x4_t bits = {1, 2, 4, 8};
        return vaddvq_u32(vandq_u32(vcgezq_s32(v), bits));
    }
    static unsigned bits_at(const std::uint64_t* words, const std::int32_t* rows) {
        return static_cast<unsigned>(::bits_at<width>(words, rows));
    }
    static Codes load_codes(const std::uint8_t* p) {
        const uint16x8_t codes = vreinterpretq_u16_u8(vld1q_u8(p));
        return {vreinterpretq_s16_u16(vandq_u16(codes, vdupq_n_u16(0xFF))),
                vreinterpretq_s16_u16(vshrq_n_u16(codes, 8))};
    }
    static Word load_word(const std::int32_t* p) {
        return {vreinterpretq_s16_s32(vdupq_n_s32(p[0])), vreinterpretq_s16_s32(vdupq_n_s32(p[1]))};
    }
    // Products of a code below 256 and one within +-127 fit in 16 bits.
    static Int dot4(Int sums, Codes items, Word user) {
        sums = vpadalq_s16(sums, vmulq_s16(items.even, user.even));
        return vpadalq_s16(sums, vmulq_s16(items.odd, user.odd));
    }
};

}  // namespace
