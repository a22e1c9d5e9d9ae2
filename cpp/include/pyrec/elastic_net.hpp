// Every item explained by its candidate neighbours: one small elastic net each, by cyclic
// coordinate descent.
#pragma once

#include <cstdint>
#include <span>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

struct ElasticNetOptions {
    float l1 = 0;
    bool nonnegative = false;
    std::int64_t sweeps = 100;  // at most
    float tolerance = 1e-4F;  // of the greatest change in a sweep, relative to the greatest weight
};

// For each item j the weights w of its candidates, row j of `candidates` (n x n, not j itself),
// that minimise, with G = X'X,
//   |x_j - X w|^2 / 2 + sum_i ridges[i] w_i^2 / 2 + l1 sum_i |w_i|.
// G is given by its diagonal and its strict lower triangle (n x n), whose rows are short where
// items are numbered by falling popularity. Writes the weights in the places of the candidates'
// values. Throws NumericalError, naming the item, where the weights grow without bound, which they
// can only where the ridges are so small, or G so inexact, that its part plus ridges is not
// positive definite.
void regress_on_neighbors(const CsrView<const float>& lower, std::span<const float> diagonal,
                          std::span<const float> ridges, const CsrView<const float>& candidates,
                          const ElasticNetOptions& options, const Execution& execution,
                          std::span<float> weights);

}  // namespace pyrec
