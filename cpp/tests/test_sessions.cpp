#include "pyrec/sessions.hpp"

#include <vector>

#include "check.hpp"

namespace {

struct Found {
    std::vector<std::int64_t> offsets;
    std::vector<std::int32_t> neighbors;
    std::vector<float> influences;
};

// Items 0, 1, 2, 3; past sessions from the latest on: {0 1}, {1 2}, {0}, {0 1 2}.
Found nearest(const std::vector<std::int64_t>& offsets, const std::vector<std::int32_t>& items,
              const std::vector<float>& weights, pyrec::SessionOptions options, int threads = 1) {
    const std::vector<std::int64_t> of_offsets{0, 3, 6, 8, 8};
    const std::vector<std::int32_t> of{0, 2, 3, 0, 1, 3, 1, 3};
    const auto room = (offsets.size() - 1) * static_cast<std::size_t>(options.k);
    Found found{std::vector<std::int64_t>(offsets.size()), std::vector<std::int32_t>(room),
                std::vector<float>(room)};
    pyrec::nearest_sessions({offsets, items, weights, 4}, {of_offsets, of, {}, 4}, options,
                            {threads}, found.offsets, found.neighbors, found.influences);
    found.neighbors.resize(static_cast<std::size_t>(found.offsets.back()));
    found.influences.resize(static_cast<std::size_t>(found.offsets.back()));
    return found;
}

}  // namespace

TEST(the_most_similar_of_the_latest) {
    // Item 0, then item 2.
    const auto all = nearest({0, 2}, {0, 2}, {0.5F, 1.0F}, {10, 2, 10});
    CHECK((all.neighbors == std::vector<std::int32_t>{1, 3}));
    CHECK((all.influences == std::vector<float>{1.0F, 1.5F}));
    const auto latest = nearest({0, 2}, {0, 2}, {0.5F, 1.0F}, {2, 2, 10});
    CHECK((latest.neighbors == std::vector<std::int32_t>{0, 1}));
    CHECK((latest.influences == std::vector<float>{0.25F, 1.0F}));
}

TEST(ties_go_to_the_later_session) {
    const auto found = nearest({0, 1}, {0}, {1.0F}, {10, 1, 10});
    CHECK((found.neighbors == std::vector<std::int32_t>{0}));
}

TEST(only_the_heaviest_items_are_looked_at) {
    const auto found = nearest({0, 2}, {0, 2}, {0.5F, 1.0F}, {10, 4, 1});
    CHECK((found.neighbors == std::vector<std::int32_t>{1, 3}));
    CHECK((found.influences == std::vector<float>{1.0F, 1.0F}));
}

TEST(rows_without_neighbours_leave_no_gaps) {
    const std::vector<std::int64_t> offsets{0, 0, 1, 2, 3};
    for (const int threads : {1, 3}) {
        const auto found = nearest(offsets, {3, 2, 1}, {1, 1, 1}, {10, 2, 10}, threads);
        CHECK((found.offsets == std::vector<std::int64_t>{0, 0, 0, 2, 4}));
        CHECK((found.neighbors == std::vector<std::int32_t>{1, 3, 0, 1}));
    }
}
