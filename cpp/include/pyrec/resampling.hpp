// Resampling: how far a mean over users could lie from the truth, by drawing the users again.
#pragma once

#include <cstdint>
#include <span>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

// The bootstrap (Efron 1979): each row of `sums` is the sum, column by column, of as many rows of
// `values` as there are, drawn with replacement. One draw serves all columns, so they stay paired.
void bootstrap_sums(DenseView<const double> values, std::uint64_t seed, const Execution& execution,
                    DenseView<double> sums);

// The sign-flip test (Fisher 1935): each row of `sums` is the sum, column by column, of the rows of
// `values`, each with a sign drawn at random. One draw serves all columns.
void sign_flip_sums(DenseView<const double> values, std::uint64_t seed, const Execution& execution,
                    DenseView<double> sums);

}  // namespace pyrec
