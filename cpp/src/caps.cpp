#include "pyrec/caps.hpp"

#include <algorithm>

namespace pyrec {

namespace {

// How many of the kept entries of a list are of a group.
std::int32_t count_kept(const std::int32_t* list, std::span<const std::int32_t> kept,
                        const std::int32_t* groups, std::int32_t group) {
    return static_cast<std::int32_t>(std::ranges::count_if(
        kept, [&](std::int32_t position) { return groups[list[position]] == group; }));
}

}  // namespace

void cap_lists(DenseView<const std::int32_t> lists, DenseView<const std::int32_t> groups,
               std::span<const std::int32_t> most, std::int64_t fixed, std::int64_t k,
               const Execution& execution, std::span<std::int32_t> kept) {
    const auto below_caps = [&](const std::int32_t* list, std::span<const std::int32_t> so_far,
                                std::int32_t item) {
        for (std::int64_t cap = 0; cap < groups.rows; ++cap) {
            const std::int32_t* of = groups.row(cap);
            if (of[item] < 0) continue;
            const auto limit = most[static_cast<std::size_t>(cap)];
            if (count_kept(list, so_far, of, of[item]) >= limit) return false;
        }
        return true;
    };
    // Lists are short, and what is kept shorter: counting again is faster than any table.
    parallel_for(lists.rows, 1024, execution, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int32_t* list = lists.row(i);
            const auto to =
                kept.subspan(static_cast<std::size_t>(i * k), static_cast<std::size_t>(k));
            std::size_t n = 0;
            for (std::int64_t at = 0; at < lists.cols && n < to.size(); ++at) {
                if (list[at] < 0) continue;
                if (at < fixed || below_caps(list, to.first(n), list[at])) {
                    to[n++] = static_cast<std::int32_t>(at);
                }
            }
            std::ranges::fill(to.subspan(n), -1);
        }
    });
}

}  // namespace pyrec
