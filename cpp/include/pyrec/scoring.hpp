// Fused scoring, exclusion and top-k selection. The score matrix is never stored.
//
// Lists are best first, ties to the lower row; short ones end in no_row / no_score. `rows` and
// `scores` are (users, k). A score that overflows float32 has no place in an order: every function
// here throws NumericalError, naming the pair.
#pragma once

#include <cstdint>
#include <span>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

// Which items may appear in which list.
struct Filter {
    // A pattern with one row per user; or no rows at all, which excludes nothing.
    CsrView<const float> exclude = {};
    // One bit per item, bit i % 64 of word i / 64, set for those that may appear in any list, and
    // zeros after the last; or empty, which allows all.
    std::span<const std::uint64_t> allowed = {};
};

// For each user the k items of highest inner product.
void recommend_dense(DenseView<const float> users, DenseView<const float> items,
                     const Filter& filter, std::int64_t k, const Execution& execution,
                     std::span<std::int32_t> rows, std::span<float> scores);

// The inner product of each pair of rows: the same bits that recommend_dense reports.
void score_pairs(DenseView<const float> users, DenseView<const float> items,
                 std::span<const std::int32_t> user_rows, std::span<const std::int32_t> item_rows,
                 const Execution& execution, std::span<float> scores);

// For each history (weights over items) the k highest entries of history * neighbors. Only stored
// products count: an item that no row of `neighbors` reaches does not appear.
void recommend_sparse(const CsrView<const float>& histories, const CsrView<const float>& neighbors,
                      const Filter& filter, std::int64_t k, const Execution& execution,
                      std::span<std::int32_t> rows, std::span<float> scores);

// Entries of histories * neighbors, 0 for an item that is not reached: the same bits that
// recommend_sparse reports.
void score_pairs_sparse(const CsrView<const float>& histories,
                        const CsrView<const float>& neighbors,
                        std::span<const std::int32_t> user_rows,
                        std::span<const std::int32_t> item_rows, const Execution& execution,
                        std::span<float> scores);

// The k highest stored entries of each row.
void top_k_of_rows(const CsrView<const float>& matrix, std::int64_t k, const Execution& execution,
                   std::span<std::int32_t> rows, std::span<float> scores);

}  // namespace pyrec
