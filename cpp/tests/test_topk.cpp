#include "pyrec/topk.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "check.hpp"

TEST(best_first_and_ties_to_the_lower_row) {
    pyrec::TopK best(3);
    best.push(1, 4);
    best.push(2, 9);
    best.push(2, 3);
    best.push(2, 7);
    best.push(0, 1);
    std::vector<std::int32_t> rows(3);
    std::vector<float> scores(3);
    best.drain(rows, scores);
    CHECK((rows == std::vector<std::int32_t>{3, 7, 9}));
    CHECK((scores == std::vector<float>{2, 2, 2}));
    CHECK(best.size() == 0);
}

TEST(short_lists_are_padded) {
    pyrec::TopK best(3);
    best.push(5, 2);
    std::vector<std::int32_t> rows(3);
    std::vector<float> scores(3);
    best.drain(rows, scores);
    CHECK((rows == std::vector<std::int32_t>{2, pyrec::no_row, pyrec::no_row}));
    CHECK(scores[1] == pyrec::no_score);
}

TEST(keeping_nothing_is_fine) {
    pyrec::TopK best(0);
    best.push(1, 1);
    CHECK(best.size() == 0);
}

TEST(keys_stand_in_the_order_of_lists) {
    const float scores[] = {-1e30F, -1, -1e-45F, 0, 1e-45F, 1, 1e30F};
    for (std::size_t i = 1; i < std::size(scores); ++i) {
        CHECK(pyrec::rank_key(scores[i], 2147483646) > pyrec::rank_key(scores[i - 1], 0));
        CHECK(pyrec::rank_key(scores[i], 0) > pyrec::rank_key(scores[i], 1));
        CHECK(pyrec::score_of_key(pyrec::rank_key(scores[i], 5)) == scores[i]);
        CHECK(pyrec::row_of_key(pyrec::rank_key(scores[i], 5)) == 5);
    }
    CHECK(pyrec::rank_key(-0.0F, 3) == pyrec::rank_key(0.0F, 3));
}

TEST(any_order_of_arrival_and_merging_gives_the_same_list) {
    std::vector<std::pair<float, std::int32_t>> entries;
    for (std::int32_t row = 0; row < 200; ++row) {
        entries.emplace_back(static_cast<float>(row * 7919 % 31), row);
    }
    for (const std::int64_t k : {1, 2, 3, 10, 100, 199, 200, 201}) {
        pyrec::TopK forwards(k);
        pyrec::TopK first(k);
        pyrec::TopK second(k);
        for (std::size_t i = 0; i < entries.size(); ++i) {
            forwards.push(entries[i].first, entries[i].second);
            (i % 3 == 0 ? first : second).push(entries[i].first, entries[i].second);
        }
        second.merge(first);
        auto sorted = entries;
        std::ranges::sort(sorted, [](const auto& a, const auto& b) {
            return a.first > b.first || (a.first == b.first && a.second < b.second);
        });
        std::vector<std::int32_t> rows(static_cast<std::size_t>(k));
        std::vector<std::int32_t> merged_rows(rows.size());
        std::vector<float> scores(rows.size());
        forwards.drain(rows, scores);
        second.drain(merged_rows, scores);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            CHECK(rows[i] == (i < 200 ? sorted[i].second : pyrec::no_row));
        }
        CHECK(rows == merged_rows);
    }
}
