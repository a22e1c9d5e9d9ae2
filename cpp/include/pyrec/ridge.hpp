// Ridge regressions of the rows of a sparse matrix on what stands for its columns: half a step of
// alternating least squares for ratings.
#pragma once

#include <cstdint>
#include <span>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

// For each row the w that minimises, over its n stored entries (j, y),
//   sum (y - base[j] - table[j].w)^2 + ridge n |w|^2,
// with a penalty that grows with the row as in Zhou et al. (AAIM 2008). Zero for an empty row.
// Throws NumericalError, naming the row, where the equations are singular, as they can be only
// where `ridge` is lost beside the table's products.
void solve_ridge(const CsrView<const float>& matrix, DenseView<const float> table,
                 std::span<const float> base, double ridge, const Execution& execution,
                 DenseView<float> solved);

}  // namespace pyrec
