// Explanations: what each item of a user's history adds to the score of each item of the list.
#pragma once

#include <cstdint>
#include <span>

#include "pyrec/als.hpp"
#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

// For entry (u, i) of the lists, in row u * width + i: the rows of the history that add the most,
// largest first, and what they add, padded with no_row and no_score; and the sum over the whole
// history. An entry without an item has none.
struct Reasons {
    DenseView<std::int32_t> rows;
    DenseView<float> contributions;
    std::span<double> totals;
};

// By the normal equations of ALS (Hu, Koren, Volinsky 2008, section 5): the factors that minimise
// the objective for a user are A^-1 (sum of max(c, 0) v), so item v of the history adds
// max(c, 0) v.A^-1 w to the score of item w. One factorization per user, in double precision.
//
// `histories` has a row for each list; `side` is of the items. Throws NumericalError, naming the
// row, where A is singular.
void explain_als(const CsrView<const float>& histories, const AlsSide& side,
                 DenseView<const std::int32_t> lists, const Execution& execution,
                 const Reasons& reasons);

// Of scores that are sums: item j of the history, of weight h, adds h neighbors[j, i]. Items of a
// list are distinct.
void explain_sparse(const CsrView<const float>& histories, const CsrView<const float>& neighbors,
                    DenseView<const std::int32_t> lists, const Execution& execution,
                    const Reasons& reasons);

}  // namespace pyrec
