#include "sum_search.hpp"

#include <algorithm>
#include <numeric>

#include "pyrec/topk.hpp"

namespace pyrec::detail {

namespace {

// Blocks between two looks at the number of candidates: 4096 columns.
constexpr std::int64_t blocks_at_once = 256;

}  // namespace

SumSearch::SumSearch(const CsrView<const float>& columns, std::span<const float> weights,
                     const NeighborOptions& options)
    : columns_(columns),
      blocks_((columns.cols + block_columns - 1) / block_columns),
      weights_(at(blocks_ * block_columns)),
      sums_(at(blocks_ * block_columns)),
      marks_(at((blocks_ + 15) / 16 * 16)),
      marked_(at(blocks_ + 32)),
      all_(at(blocks_)),
      candidates_(columns.cols, weights_, options) {
    std::copy(weights.begin(), weights.end(), weights_.begin());
    std::iota(all_.begin(), all_.end(), 0);
}

std::int64_t SumSearch::find(const SparseRow<const float>& row, float row_weight, std::int32_t self,
                             std::int32_t* neighbors, float* similarities) {
    // Marks pay off only where many blocks stay untouched.
    const bool mark = products(row.columns, columns_.offsets) < 2 * blocks_;
    mark ? accumulate<true>(row) : accumulate<false>(row);
    if (self != no_row) sums_[at(self)] = 0;
    const std::int64_t n_blocks =
        mark ? simd_.list_marked(marks_.data(), std::ssize(marks_), marked_.data()) : blocks_;
    const std::int32_t* const blocks = mark ? marked_.data() : all_.data();
    candidates_.start(row_weight);
    for (std::int64_t b = 0; b < n_blocks; b += blocks_at_once) {
        candidates_.add(simd_.collect(sums_.data(), weights_.data(), blocks + b,
                                      std::min(blocks_at_once, n_blocks - b), candidates_.screen(),
                                      candidates_.next_column(), candidates_.next_dot()));
    }
    candidates_.finish();
    std::int64_t written = 0;
    for (std::size_t i = 0; i < candidates_.columns().size(); ++i) {
        const float similarity = candidates_.similarities()[i];
        if (!candidates_.chosen(similarity)) continue;
        neighbors[written] = candidates_.columns()[i];
        similarities[written++] = similarity;
    }
    return written;
}

template <bool mark>
void SumSearch::accumulate(const SparseRow<const float>& row) {
    float* const sums = sums_.data();
    std::uint8_t* const marks = marks_.data();
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (i + 2 < row.size()) {
            const auto soon = at(columns_.offsets[at(row.columns[i + 2])]);
            __builtin_prefetch(columns_.columns.data() + soon);
            __builtin_prefetch(columns_.values.data() + soon);
        }
        const auto inner = columns_.row(row.columns[i]);
        for (std::size_t j = 0; j < inner.size(); ++j) {
            const auto column = at(inner.columns[j]);
            sums[column] += row.values[i] * inner.values[j];
            if constexpr (mark) marks[column / block_columns] = 1;
        }
    }
}

}  // namespace pyrec::detail
