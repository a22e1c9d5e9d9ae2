#include "pyrec/scoring.hpp"

#include <vector>

#include "check.hpp"
#include "pyrec/errors.hpp"
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
        pyrec::recommend_dense({users.data(), 2, 2}, {items.data(), 3, 2},
                               {{offsets, seen, {}, 3}, {}}, 2, {}, rows, scores);
        CHECK((rows == std::vector<std::int32_t>{2, 0, 0, 1}));
        CHECK((scores == std::vector<float>{2, 1, 5, 4}));
    }
}

TEST(only_allowed_items_appear) {
    const std::vector<float> users = {1};
    const std::vector<float> items = {1, 2, 3};
    const std::vector<std::uint64_t> allowed = {0b101};
    std::vector<std::int32_t> rows(3);
    std::vector<float> scores(3);
    pyrec::recommend_dense({users.data(), 1, 1}, {items.data(), 3, 1}, {{}, allowed}, 3, {}, rows,
                           scores);
    CHECK((rows == std::vector<std::int32_t>{2, 0, -1}));
}

TEST(an_overflow_is_an_error) {
    const std::vector<float> users = {1e30F};
    const std::vector<float> items = {1, 1e30F};
    const std::vector<std::int32_t> zero = {0};
    const std::vector<std::int32_t> one = {1};
    std::vector<std::int32_t> rows(1);
    std::vector<float> scores(1);
    CHECK_THROWS(
        pyrec::recommend_dense({users.data(), 1, 1}, {items.data(), 2, 1}, {}, 1, {}, rows, scores),
        pyrec::NumericalError);
    CHECK_THROWS(
        pyrec::score_pairs({users.data(), 1, 1}, {items.data(), 2, 1}, zero, one, {}, scores),
        pyrec::NumericalError);
}

namespace {

// Two histories over three items, and the neighbours of each item.
const std::vector<std::int64_t> history_offsets = {0, 2, 2};
const std::vector<std::int32_t> history_columns = {0, 2};
const std::vector<float> history_values = {1, 2};
const pyrec::CsrView<const float> histories{history_offsets, history_columns, history_values, 3};
const std::vector<std::int64_t> neighbor_offsets = {0, 2, 3, 4};
const std::vector<std::int32_t> neighbor_columns = {0, 1, 2, 1};
const std::vector<float> neighbor_values = {5, 1, 7, 2};
const pyrec::CsrView<const float> neighbors{neighbor_offsets, neighbor_columns, neighbor_values, 3};

}  // namespace

TEST(sums_over_neighbors_show_only_what_they_reach) {
    std::vector<std::int32_t> rows(6);
    std::vector<float> scores(6);
    pyrec::recommend_sparse(histories, neighbors, {}, 3, {2}, rows, scores);
    CHECK((rows == std::vector<std::int32_t>{0, 1, -1, -1, -1, -1}));
    CHECK(scores[0] == 5 && scores[1] == 5);
}

TEST(pairs_of_sparse_rows) {
    const std::vector<std::int32_t> users = {0, 0, 1};
    const std::vector<std::int32_t> items = {1, 2, 0};
    std::vector<float> scores(3);
    pyrec::score_pairs_sparse(histories, neighbors, users, items, {}, scores);
    CHECK((scores == std::vector<float>{5, 0, 0}));
}

TEST(top_of_given_rows) {
    std::vector<std::int32_t> rows(3);
    std::vector<float> scores(3);
    pyrec::top_k_of_rows(neighbors, 1, {}, rows, scores);
    CHECK((rows == std::vector<std::int32_t>{0, 2, 1}));
    CHECK((scores == std::vector<float>{5, 7, 2}));
}
