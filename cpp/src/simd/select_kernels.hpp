// The steps from a row of sums to its most similar columns (select.inl).
#pragma once

#include <cstdint>

namespace pyrec::detail {

// Columns are marked, scanned and padded by blocks of this many: a cache line of sums.
inline constexpr std::int64_t block_columns = 16;
// The same of counts, which take a byte each.
inline constexpr std::int64_t block_counts = 64;

// A column's similarity is dot / (slope * weight + own - overlap * dot + shrink).
struct Ratio {
    float slope;
    float own;
    float overlap;
    float shrink;
};

// What keep_best() leaves: the entries better than the k-th best, and those equal to it.
struct Kept {
    std::int64_t better;
    std::int64_t equal;
    float threshold;  // the k-th best value
};

// What collect() lets pass: sums above slope * weight + intercept, or all but zeros if not active.
struct Screen {
    bool active;
    float slope;
    float intercept;
};

// What the count of a pair has to pass to be of use to one of the two: the row's screen with the
// column's weight, or the column's screen with the row's. Screens that are not active have zeros.
struct MutualScreen {
    Screen own;
    float weight;
    const float* weights;           // of the columns; they never decrease
    const float* slopes;            // of the columns' screens
    const float* intercepts;        //
    const float* block_slopes;      // the least of each block of counts
    const float* block_intercepts;  //
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
    // Keeps the k best of n >= k entries and all that equal the k-th of them, in order. `scratch`
    // holds 2 n values and eight vectors.
    Kept (*keep_best)(std::int32_t* columns, float* values, std::int64_t n, std::int64_t k,
                      float* scratch);
    // A label that at least k of n >= k labels are below, a quarter of k more if that can be had;
    // all are below `end`.
    std::int32_t (*bound_labels)(const std::int32_t* labels, std::int64_t n, std::int64_t k,
                                 std::int32_t end);
    // Lists the labels that are below a limit, in order.
    std::int64_t (*list_below)(const std::int32_t* labels, std::int64_t n, std::int32_t limit,
                               std::int32_t* listed);
    // Copies those counts of the blocks [begin, end) that are at least `least`, at most `most` and
    // pass the screen to `dots`, in order. `weights` never decrease.
    std::int64_t (*take_counts)(const std::uint8_t* counts, const float* weights,
                                std::int64_t begin, std::int64_t end, Screen screen, int least,
                                int most, std::int32_t* columns, float* dots);
    // Lists the columns in the blocks [begin, end) of counts of at least `least` and at most `most`
    // that pass the screen.
    std::int64_t (*list_counts)(const std::uint8_t* counts, std::int64_t begin, std::int64_t end,
                                const MutualScreen& screen, int least, int most,
                                std::int32_t* columns);
    // The same of counts as sums, and of any size.
    std::int64_t (*list_sums)(const float* sums, std::int64_t begin, std::int64_t end,
                              const MutualScreen& screen, std::int32_t* columns);
    // How many of n different values are less than each. Both arrays have a vector of slack.
    void (*rank)(const std::int32_t* values, std::int64_t n, std::int32_t* ranks);
    // Adds counts to sums, and sets them to zero.
    void (*add_counts)(float* sums, std::uint8_t* counts, std::int64_t n);
};

}  // namespace pyrec::detail
