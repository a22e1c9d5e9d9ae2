// Grouping: what a log of events becomes on its way to a sparse matrix.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pyrec/parallel.hpp"

namespace pyrec {

// The distinct pairs of a log, in order of row and column, and the events of each.
struct PairGroups {
    std::vector<std::int64_t> offsets;  // row i has the pairs offsets[i]..offsets[i + 1]
    std::vector<std::int32_t> columns;  // the column of each pair
    std::vector<std::int64_t>
        starts;  // pair p has the events order[starts[p]]..order[starts[p + 1]]
    std::vector<std::int64_t> order;  // positions of events, within a pair in arrival order
};

// Groups events, given as rows below `row_count` and columns: a counting sort by row, then a sort
// of each row. Throws InvalidInput if there are 2^32 events or more.
PairGroups group_pairs(std::span<const std::int32_t> rows, std::span<const std::int32_t> columns,
                       std::int64_t row_count, const Execution& execution);

// What the events of a log carry beside their pair; an empty span means that there is no such
// column. `factors` has one entry for each kind.
struct EventColumns {
    std::span<const float> weights;
    std::span<const std::uint8_t> kinds;
    std::span<const double> factors;
    std::span<const std::int64_t> times;
};

enum class Merge { sum, max, last };

// Writes for each pair the merged weight of its events, each multiplied by the factor of its kind,
// in double precision; the kinds it had, as bits; and its latest time. `last` is the weight of the
// event with the latest time, of the later one where times are equal or absent.
void merge_pairs(std::span<const std::int64_t> starts, std::span<const std::int64_t> order,
                 const EventColumns& events, Merge how, const Execution& execution,
                 std::span<double> values, std::span<std::uint32_t> bits,
                 std::span<std::int64_t> latest);

}  // namespace pyrec
