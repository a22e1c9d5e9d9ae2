// Fused scoring, exclusion and top-k selection. The score matrix is never stored.
#pragma once

#include <cstdint>
#include <span>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

// For each user the k items of highest inner product, best first, ties to the lower row; short
// lists end in no_row / no_score. `exclude` is a pattern with one row per user, or has no rows at
// all. `rows` and `scores` are (users, k).
void recommend_dense(DenseView<const float> users, DenseView<const float> items,
                     const CsrView<const float>& exclude, std::int64_t k,
                     const Execution& execution, std::span<std::int32_t> rows,
                     std::span<float> scores);

}  // namespace pyrec
