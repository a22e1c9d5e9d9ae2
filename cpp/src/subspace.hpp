// The solver of ALS between the other two: exact steps in blocks of factors, one after the other.
#pragma once

#include "least_squares.hpp"

namespace pyrec::detail {

// Improves every row of `matrix` by one sweep over the blocks; marks those in which float32 lost
// its digits.
void solve_by_subspaces(const CsrView<const float>& matrix, const AlsSide::Prepared& side,
                        DenseView<float> solved, AlsScratch::Workers& scratch,
                        const Execution& execution);

}  // namespace pyrec::detail
