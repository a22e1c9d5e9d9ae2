// The exact solver of ALS: Cholesky factorizations, as many side by side as a vector has lanes.
#pragma once

#include "least_squares.hpp"

namespace pyrec::detail {

// Diagonalises the Gram matrix and turns the factors into its eigenbasis. There the part of the
// normal equations that all rows share is diagonal, whatever a row's own regularization, so that a
// short row's system can be reduced to the size of the row (see simd/exact.inl).
void rotate_to_eigenbasis(AlsSide::Prepared& side, const Execution& execution);

// Solves every row of `matrix`; marks those in which float32 loses its digits.
void solve_exactly(const CsrView<const float>& matrix, const AlsSide::Prepared& side,
                   DenseView<float> solved, AlsScratch::Workers& scratch,
                   const Execution& execution);

// Solves the marked rows exactly, in double precision throughout. Throws NumericalError, naming the
// row, where the normal equations are singular even so.
void solve_marked_in_double(const CsrView<const float>& matrix, const AlsSide::Prepared& side,
                            DenseView<float> solved, AlsScratch::Workers& scratch,
                            const Execution& execution);

}  // namespace pyrec::detail
