// The steps from a row of sums to its most similar columns (select.inl).
#pragma once

#include <cstdint>

namespace pyrec::detail {

// Columns are marked, scanned and padded by blocks of this many: a cache line of sums.
inline constexpr std::int64_t block_columns = 16;

// A column's similarity is dot / (slope * weight + own - overlap * dot + shrink).
struct Ratio {
    float slope;
    float own;
    float overlap;
    float shrink;
};

// What collect() lets pass: sums above slope * weight + intercept, or all but zeros if not active.
struct Screen {
    bool active;
    float slope;
    float intercept;
};

// Arrays that are written have a vector of slack; sums and weights are padded to whole blocks.
struct SelectKernels {
    // Lists the positions of the marks that are 1, n a multiple of 16, and clears them.
    std::int64_t (*list_marked)(std::uint8_t* marks, std::int64_t n, std::int32_t* listed);
    // Moves the sums of some blocks that pass the screen to `dots`, in order, and clears the rest.
    std::int64_t (*collect)(float* sums, const float* weights, const std::int32_t* blocks,
                            std::int64_t n_blocks, Screen screen, std::int32_t* columns,
                            float* dots);
    // Turns dot products into similarities, in place.
    void (*divide)(float* dots, const std::int32_t* columns, const float* weights, std::int64_t n,
                   Ratio ratio);
    // Keeps the k best of n > k entries, in order, the first ones of equal values; returns the
    // k-th best value. `scratch` holds 2 n values and eight vectors.
    float (*keep_best)(std::int32_t* columns, float* values, std::int64_t n, std::int64_t k,
                       float* scratch);
};

}  // namespace pyrec::detail
