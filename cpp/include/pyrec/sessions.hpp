// The past sessions that are most like a running one: the search behind nearest-neighbour
// recommendation in sessions.
#pragma once

#include <cstdint>
#include <span>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

// Of the `sample` latest sessions that share an item with the running one, the k most similar are
// found; only its `length` heaviest items are looked at (ties: the lower row).
struct SessionOptions {
    std::int64_t sample;
    std::int64_t k;
    std::int64_t length;
};

// For each running session (a row of weights over items, most for its latest item) the nearest past
// ones. Row i of `sessions_of` has the sessions with item i; they are numbered from the latest on.
//
// The similarity is the sum of the running session's weights over the shared items, ties to the
// later session (V-SKNN: Ludewig and Jannach, UMUAI 28, 2018, section 3.2.2, undivided). A
// neighbour's influence is its similarity times the greatest of those weights, which tells how late
// in the running session they last met. `neighbors` and `influences` have room for k entries a row;
// they come back without gaps, in order of rows, and `offsets` (rows + 1) tells where each begins.
void nearest_sessions(const CsrView<const float>& running, const CsrView<const float>& sessions_of,
                      const SessionOptions& options, const Execution& execution,
                      std::span<std::int64_t> offsets, std::span<std::int32_t> neighbors,
                      std::span<float> influences);

}  // namespace pyrec
