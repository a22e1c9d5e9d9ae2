// The cheaper solver of ALS: a few steps of conjugate gradients from where a row stands.
#pragma once

#include "least_squares.hpp"

namespace pyrec::detail {

// Solves every row of `matrix`; marks those in which float32 lost its digits.
void solve_by_conjugate_gradient(const CsrView<const float>& matrix, const AlsSide::Prepared& side,
                                 DenseView<float> solved, AlsScratch::Workers& scratch,
                                 const Execution& execution);

}  // namespace pyrec::detail
