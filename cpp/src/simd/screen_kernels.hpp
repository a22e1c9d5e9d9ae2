// Quantising (quantize.inl), and integer products that tell which items may still reach a list
// (screen.inl).
#pragma once

#include <cstdint>

namespace pyrec::detail {

inline constexpr int screen_panel = 64;   // items in a panel
inline constexpr int screen_block = 192;  // users at most in one call of `screen`

// Quantised items: codes (groups, 64, 4), and bounds in units of the scales (see screening.hpp).
struct ScreenPanel {
    const std::uint8_t* codes;
    float unit;
    float norm;
    float residual;
};

// Users, each array of `count`: packed codes, and the terms of the least sum that survives.
struct ScreenUsers {
    const std::int32_t* const* words;
    const float* threshold;
    const float* error;
    const float* norm;
    const float* offset;
    std::int64_t count;
};

struct ScreenKernels {
    // An upper bound of the norm of n factors, within a relative 1e-8.
    double (*norm)(const float* vector, std::int64_t n);
    // Of all the factors of `count` vectors.
    float (*largest_magnitude)(const float* const* vectors, std::int64_t count, std::int64_t n);
    // Writes the whole multiples of `scale` that are nearest to the factors, which must be within
    // +-127 scales, and returns an upper bound of the distance of the vector to what they stand
    // for. To each multiple the offset is added, an even number. Groups of four bytes are `stride`
    // bytes apart; the last is filled with the offset.
    double (*quantize)(const float* vector, std::int64_t n, double scale, int offset,
                       std::uint8_t* codes, std::int64_t stride);
    // A user's codes (4 * groups) in the form that `survivors` reads: at most 2 * groups words.
    void (*pack_codes)(const std::int8_t* codes, std::int64_t groups, std::int32_t* words);
    // For each user the items of a panel that may reach the user's threshold, as bits.
    void (*survivors)(const ScreenPanel& panel, const ScreenUsers& users, std::int64_t groups,
                      std::uint64_t* survivors);
    // The bits of a bitset at up to 64 rows, in their order.
    std::uint64_t (*bits_at)(const std::uint64_t* words, const std::int32_t* rows, std::int64_t n);
};

}  // namespace pyrec::detail
