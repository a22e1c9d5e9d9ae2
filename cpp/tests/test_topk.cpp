#include "pyrec/topk.hpp"

#include <vector>

#include "check.hpp"

TEST(best_first_and_ties_to_the_lower_row) {
    pyrec::TopK best(3);
    for (const auto& [score, row] : {pyrec::Scored{1, 4}, {2, 9}, {2, 3}, {2, 7}, {0, 1}}) {
        best.push(score, row);
    }
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
