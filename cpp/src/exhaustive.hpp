// Scoring every item that the filter lets through: few users, few items, and vectors too large to
// bound (private).
#pragma once

#include <cstdint>
#include <span>

#include "pyrec/parallel.hpp"
#include "pyrec/scoring.hpp"
#include "pyrec/topk.hpp"
#include "pyrec/views.hpp"

namespace pyrec::detail {

// Pushes the items [begin, end) that the filter lets through. Throws NumericalError for a score
// that overflows. Ascending rows: once the list of an all-zero user is full, nothing can enter it.
void score_all(DenseView<const float> users, DenseView<const float> items, const Filter& filter,
               std::int64_t user, std::int64_t begin, std::int64_t end, TopK& best);

// recommend_dense() without bounds. Each worker keeps the best of the items it takes; the order is
// total, so their union is exact.
void recommend_exhaustively(DenseView<const float> users, DenseView<const float> items,
                            const Filter& filter, std::int64_t k, const Execution& execution,
                            std::span<std::int32_t> rows, std::span<float> scores);

}  // namespace pyrec::detail
