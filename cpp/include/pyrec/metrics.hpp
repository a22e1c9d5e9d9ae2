// How good ranked lists are: each list is judged against the items that its user turned out to
// want.
#pragma once

#include <cstdint>
#include <span>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

// Throws InvalidInput, naming the list and the position, unless each list holds distinct items in
// [0, items) and is padded with no_row at its end only.
void validate_lists(DenseView<const std::int32_t> lists, std::int64_t items);

// What a list has earned by each cut-off: (lists, cutoffs) each. A position counts from 1.
struct Earnings {
    std::span<std::int32_t> hits;     // relevant items among the first
    std::span<double> precision_sum;  // sum over those hits of the precision at their position
    std::span<double> gain;           // sum over those hits of gain / log2(position + 1): DCG
    std::span<double> ideal_gain;     // the DCG of the best list of that length
};

// Judges all lists at all cut-offs in one pass. `relevant` has one row per list; its values are the
// gains of its items (none negative), or are left out where every gain is 1. `cutoffs` increase;
// behind the end of a list there are no hits. `first_hit` takes the position of the first relevant
// item of each list, 0 where it has none.
void judge(DenseView<const std::int32_t> lists, const CsrView<const float>& relevant,
           std::span<const std::int32_t> cutoffs, const Execution& execution,
           std::span<std::int32_t> first_hit, const Earnings& earned);

// The area under the ROC curve of each row of `scores`: the share of all pairs of a relevant and
// another item, both in the row, that the scores put in the right order, where a tie is half right
// (Hanley and McNeil 1982). NaN where there is no such pair. `relevant` has one row per row.
void auc(const CsrView<const float>& scores, const CsrView<const float>& relevant,
         const Execution& execution, std::span<double> areas);

}  // namespace pyrec
