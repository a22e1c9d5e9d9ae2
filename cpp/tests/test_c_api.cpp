#include "pyrec/c_api.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"

namespace {

const std::vector<float> items = {1, 0, 3, 1, 0, 2};  // three items of two factors
const std::vector<float> users = {1, 0, 0, 1};

struct Lists {
    std::vector<std::int32_t> rows = std::vector<std::int32_t>(4);
    std::vector<float> scores = std::vector<float>(4);
};

bool last_error_has(const char* text) { return std::strstr(pyrec_last_error(), text) != nullptr; }

}  // namespace

TEST(the_library_tells_its_version) {
    CHECK(std::count(pyrec_version(), pyrec_version() + std::strlen(pyrec_version()), '.') == 2);
    CHECK(pyrec_c_api_version() == PYREC_C_API_VERSION);
}

TEST(factors_give_lists) {
    pyrec_factors* factors = nullptr;
    CHECK(pyrec_factors_open(items.data(), 3, 2, 1, &factors) == PYREC_OK);
    Lists all;
    CHECK(pyrec_factors_top_k(factors, users.data(), 2, nullptr, nullptr, nullptr, 2, 0,
                              all.rows.data(), all.scores.data()) == PYREC_OK);
    CHECK((all.rows == std::vector<std::int32_t>{1, 0, 2, 1}));
    CHECK((all.scores == std::vector<float>{3, 1, 2, 1}));

    const std::vector<std::int64_t> exclude_offsets = {0, 1, 1};
    const std::vector<std::int32_t> exclude_items = {1};
    const std::vector<std::uint8_t> allowed = {0, 1, 1};
    Lists some;
    CHECK(pyrec_factors_top_k(factors, users.data(), 2, exclude_offsets.data(),
                              exclude_items.data(), allowed.data(), 2, 2, some.rows.data(),
                              some.scores.data()) == PYREC_OK);
    CHECK((some.rows == std::vector<std::int32_t>{2, -1, 2, 1}));
    CHECK(some.scores[1] == -std::numeric_limits<float>::infinity());
    pyrec_factors_close(factors);
    pyrec_factors_close(nullptr);
}

TEST(no_items_give_empty_lists) {
    pyrec_factors* factors = nullptr;
    CHECK(pyrec_factors_open(nullptr, 0, 2, 0, &factors) == PYREC_OK);
    Lists lists;
    CHECK(pyrec_factors_top_k(factors, users.data(), 2, nullptr, nullptr, nullptr, 2, 0,
                              lists.rows.data(), lists.scores.data()) == PYREC_OK);
    CHECK((lists.rows == std::vector<std::int32_t>(4, -1)));
    pyrec_factors_close(factors);
}

TEST(neighbors_give_lists) {
    // Item 0 is like 1, item 1 like 0 and 2, item 2 like nothing.
    const std::vector<std::int64_t> offsets = {0, 1, 3, 3};
    const std::vector<std::int32_t> columns = {1, 0, 2};
    const std::vector<float> similarities = {0.5F, 0.5F, 0.25F};
    pyrec_neighbors* neighbors = nullptr;
    CHECK(pyrec_neighbors_open(offsets.data(), columns.data(), similarities.data(), 3,
                               &neighbors) == PYREC_OK);
    const std::vector<std::int64_t> history_offsets = {0, 1, 2};
    const std::vector<std::int32_t> history_items = {1, 0};
    const std::vector<float> weights = {2, 1};
    Lists lists;
    CHECK(pyrec_neighbors_top_k(neighbors, history_offsets.data(), history_items.data(),
                                weights.data(), 2, history_offsets.data(), history_items.data(),
                                nullptr, 2, 1, lists.rows.data(), lists.scores.data()) == PYREC_OK);
    CHECK((lists.rows == std::vector<std::int32_t>{0, 2, 1, -1}));
    CHECK(lists.scores[0] == 1 && lists.scores[1] == 0.5F && lists.scores[2] == 0.5F);
    pyrec_neighbors_close(neighbors);
}

TEST(a_failure_is_a_code_and_a_message) {
    pyrec_factors* factors = nullptr;
    CHECK(pyrec_factors_open(nullptr, 3, 2, 1, &factors) == PYREC_INVALID_INPUT);
    CHECK(last_error_has("items: need an array"));
    CHECK(pyrec_factors_open(items.data(), 3, 2, 1, nullptr) == PYREC_INVALID_INPUT);
    const std::vector<float> broken = {1, NAN};
    CHECK(pyrec_factors_open(broken.data(), 1, 2, 1, &factors) == PYREC_INVALID_INPUT);
    CHECK(last_error_has("items[0, 1] is not a finite number"));
    CHECK(factors == nullptr);

    Lists lists;
    CHECK(pyrec_factors_top_k(nullptr, users.data(), 2, nullptr, nullptr, nullptr, 2, 1,
                              lists.rows.data(), lists.scores.data()) == PYREC_INVALID_INPUT);
    CHECK(pyrec_factors_open(items.data(), 3, 2, 1, &factors) == PYREC_OK);
    const auto top_k = [&](std::int64_t n, std::int64_t k, int threads, std::int32_t* rows) {
        return pyrec_factors_top_k(factors, users.data(), n, nullptr, nullptr, nullptr, k, threads,
                                   rows, lists.scores.data());
    };
    CHECK(top_k(2, 0, 1, lists.rows.data()) == PYREC_INVALID_INPUT && last_error_has("k: "));
    CHECK(top_k(2, 2, -1, lists.rows.data()) == PYREC_INVALID_INPUT && last_error_has("threads: "));
    CHECK(top_k(-1, 2, 1, lists.rows.data()) == PYREC_INVALID_INPUT && last_error_has("users: "));
    CHECK(top_k(2, 2, 1, nullptr) == PYREC_INVALID_INPUT && last_error_has("rows, scores: "));
    CHECK(top_k(0, 2, 1, nullptr) == PYREC_OK);

    const std::vector<std::int64_t> exclude_offsets = {0, 1, 1};
    const std::vector<std::int32_t> outside = {3};
    CHECK(pyrec_factors_top_k(factors, users.data(), 2, exclude_offsets.data(), outside.data(),
                              nullptr, 2, 1, lists.rows.data(),
                              lists.scores.data()) == PYREC_INVALID_INPUT);
    CHECK(last_error_has("exclude: columns[0] = 3 in row 0 is outside [0, 3)"));
    CHECK(pyrec_factors_top_k(factors, users.data(), 2, exclude_offsets.data(), nullptr, nullptr, 2,
                              1, lists.rows.data(), lists.scores.data()) == PYREC_INVALID_INPUT);
    pyrec_factors_close(factors);
}

TEST(threads_share_a_handle_and_have_their_own_errors) {
    pyrec_factors* factors = nullptr;
    CHECK(pyrec_factors_open(items.data(), 3, 2, 1, &factors) == PYREC_OK);
    const auto query = [&](std::int64_t k, const char* error) {
        for (int i = 0; i < 100; ++i) {
            Lists lists;
            pyrec_factors_top_k(factors, users.data(), 2, nullptr, nullptr, nullptr, k, 2,
                                lists.rows.data(), lists.scores.data());
            CHECK(std::strstr(pyrec_last_error(), error) != nullptr);
            if (k > 0) CHECK((lists.rows == std::vector<std::int32_t>{1, 0, 2, 1}));
        }
    };
    {
        const std::jthread good([&] { query(2, ""); });
        const std::jthread bad([&] { query(0, "k: "); });
    }
    pyrec_factors_close(factors);
}

TEST(an_overflow_is_a_numerical_error) {
    const std::vector<float> huge = {3e38F, 3e38F};
    pyrec_factors* factors = nullptr;
    CHECK(pyrec_factors_open(huge.data(), 1, 2, 1, &factors) == PYREC_OK);
    Lists lists;
    CHECK(pyrec_factors_top_k(factors, huge.data(), 1, nullptr, nullptr, nullptr, 1, 1,
                              lists.rows.data(), lists.scores.data()) == PYREC_NUMERICAL_ERROR);
    CHECK(last_error_has("overflows"));
    pyrec_factors_close(factors);
}

TEST(broken_neighbors_are_refused) {
    const std::vector<std::int64_t> offsets = {0, 2, 1};
    const std::vector<std::int32_t> columns = {0, 1};
    const std::vector<float> values = {1, 1};
    pyrec_neighbors* neighbors = nullptr;
    CHECK(pyrec_neighbors_open(offsets.data(), columns.data(), values.data(), 2, &neighbors) ==
          PYREC_INVALID_INPUT);
    CHECK(last_error_has("similarities: "));
    CHECK(pyrec_neighbors_open(nullptr, columns.data(), values.data(), 2, &neighbors) ==
          PYREC_INVALID_INPUT);
    const std::vector<std::int64_t> good = {0, 1, 2};
    CHECK(pyrec_neighbors_open(good.data(), columns.data(), nullptr, 2, &neighbors) ==
          PYREC_INVALID_INPUT);
    CHECK(pyrec_neighbors_open(good.data(), columns.data(), values.data(), -1, &neighbors) ==
          PYREC_INVALID_INPUT);
    CHECK(neighbors == nullptr);
}
