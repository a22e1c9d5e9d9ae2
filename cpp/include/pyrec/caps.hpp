// Lists in which no group of items has more than its share: at most two of a brand, say.
#pragma once

#include <cstdint>
#include <span>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

// Walks each list and keeps, up to k, the entries that are below all caps: those of a group of
// which fewer than `most` were kept. `groups` is (caps, items), -1 for an item that a cap does not
// concern; entries of row -1 are passed over. The first `fixed` entries are kept, and counted,
// whatever the caps. Writes the positions of what is kept, (lists, k), padded with -1.
void cap_lists(DenseView<const std::int32_t> lists, DenseView<const std::int32_t> groups,
               std::span<const std::int32_t> most, std::int64_t fixed, std::int64_t k,
               const Execution& execution, std::span<std::int32_t> kept);

}  // namespace pyrec
