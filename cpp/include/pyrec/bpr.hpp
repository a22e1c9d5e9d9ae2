// Bayesian personalised ranking: factors by which what a user had scores above what they had not,
// by stochastic gradient descent (Rendle et al., UAI 2009), with negatives that score high (Zhang
// et al.: Optimizing top-N collaborative filtering via dynamic negative item sampling, SIGIR 2013).
#pragma once

#include <cstdint>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

struct BprOptions {
    float learning_rate = 0;
    float regularization = 0;
    std::int64_t candidates = 1;  // at least 1
    std::uint64_t seed = 0;
};

// Takes one step for each entry of `matrix`: user u, item i, and an item j that is none of u's,
//   maximising ln sigmoid(u.i - u.j) - regularization / 2 (|u|^2 + |i|^2 + |j|^2).
// j is the one with the highest score of as many random items as there are `candidates`, less those
// that u had; if u had them all, no step is taken.
//
// Users and items are dealt into blocks anew in each epoch, and a step stays within one block of
// items; so the blocks of users meet as many different blocks of items at the same time without
// anybody touching what another one does (Gemulla et al., KDD 2011). Who meets whom and in which
// order depends on the seed and the epoch alone: the same bits for any number of threads. Entries
// are copied in that order first, 8 bytes each.
void bpr_epoch(const CsrView<const float>& matrix, std::int64_t epoch, const BprOptions& options,
               const Execution& execution, DenseView<float> users, DenseView<float> items);

// Sets each row of `users` to what `epochs` epochs make of it, from zeros, while the items stay as
// they are. A row depends on its history and on nothing else.
void bpr_fold_in(const CsrView<const float>& histories, DenseView<const float> items,
                 std::int64_t epochs, const BprOptions& options, const Execution& execution,
                 DenseView<float> users);

}  // namespace pyrec
