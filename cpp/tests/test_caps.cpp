#include "pyrec/caps.hpp"

#include <vector>

#include "check.hpp"

namespace {

// Six items of three brands and two categories; the last has neither.
const std::vector<std::int32_t> groups = {0, 0, 0, 1, 1, -1, 0, 1, 0, 0, 1, -1};

std::vector<std::int32_t> kept(const std::vector<std::int32_t>& list,
                               const std::vector<std::int32_t>& most, std::int64_t fixed,
                               std::int64_t k) {
    std::vector<std::int32_t> positions(static_cast<std::size_t>(k));
    pyrec::cap_lists({list.data(), 1, static_cast<std::int64_t>(list.size())},
                     {groups.data(), static_cast<std::int64_t>(most.size()), 6}, most, fixed, k, {},
                     positions);
    return positions;
}

using Positions = std::vector<std::int32_t>;

}  // namespace

TEST(a_group_has_at_most_its_share) {
    CHECK((kept({2, 1, 0, 5, 4, 3}, {1}, 0, 4) == Positions{0, 3, 4, -1}));
    CHECK((kept({2, 1, 0, 5, 4, 3}, {2}, 0, 4) == Positions{0, 1, 3, 4}));
}

TEST(all_caps_hold_at_once) {
    // Item 4 is refused for its category, so that its brand is left for nobody.
    CHECK((kept({1, 4, 2, 3, 5}, {2, 1}, 0, 5) == Positions{0, 2, 4, -1, -1}));
}

TEST(what_is_fixed_stays_and_counts) {
    CHECK((kept({0, 1, -1, 2, 3}, {1}, 3, 4) == Positions{0, 1, 4, -1}));
}
