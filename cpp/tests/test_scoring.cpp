#include "pyrec/scoring.hpp"

#include <vector>

#include "check.hpp"
#include "pyrec/runtime.hpp"

TEST(top_items_without_the_seen_ones) {
    const std::vector<float> users = {1, 0, 0, 1};
    const std::vector<float> items = {1, 5, 3, 4, 2, 3};
    const std::vector<std::int64_t> offsets = {0, 1, 1};
    const std::vector<std::int32_t> seen = {1};
    for (const auto level : pyrec::available_simd_levels()) {
        pyrec::set_simd_level(level);
        std::vector<std::int32_t> rows(4);
        std::vector<float> scores(4);
        pyrec::recommend_dense({users.data(), 2, 2}, {items.data(), 3, 2}, {offsets, seen, {}, 3},
                               2, {}, rows, scores);
        CHECK((rows == std::vector<std::int32_t>{2, 0, 0, 1}));
        CHECK((scores == std::vector<float>{2, 1, 5, 4}));
    }
}
