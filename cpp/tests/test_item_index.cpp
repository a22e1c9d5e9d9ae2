#include "pyrec/item_index.hpp"

#include <cmath>
#include <random>
#include <vector>

#include "check.hpp"
#include "pyrec/runtime.hpp"

namespace {

struct Factors {
    std::vector<float> values;
    std::int64_t rows;
    std::int64_t cols;

    Factors(std::int64_t rows_, std::int64_t cols_, unsigned seed) : rows(rows_), cols(cols_) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal;
        values.resize(static_cast<std::size_t>(rows * cols));
        for (float& value : values) value = normal(random);
    }
    pyrec::DenseView<const float> view() const { return {values.data(), rows, cols}; }
};

}  // namespace

TEST(items_stand_by_falling_norm_within_their_bounds) {
    const Factors items(150, 7, 1);
    const auto index = pyrec::index_items(items.view(), {});
    CHECK(index.bounds.size() == 9);
    CHECK(index.codes.size() == std::size_t{3 * 8 * 64});
    const auto view = index.view(items.view());
    for (std::size_t place = 0; place < index.order.size(); ++place) {
        const auto panel = static_cast<std::int64_t>(place / 64);
        const pyrec::PanelBounds bounds = view.panel(panel);
        double square = 0;
        double distance = 0;
        for (std::size_t i = 0; i < 7; ++i) {
            const double value = items.view().row(index.order[place])[i];
            const int code = index.codes[((place / 64 * 2 + i / 4) * 64 + place % 64) * 4 + i % 4];
            const double error = value - bounds.scale * (code - 128);
            square += value * value;
            distance += error * error;
        }
        CHECK(std::sqrt(square) <= bounds.norm);
        CHECK(std::sqrt(distance) <= bounds.residual);
        if (place >= 64) CHECK(std::sqrt(square) <= view.panel(panel - 1).norm);
    }
}

TEST(an_index_changes_no_list) {
    const Factors users(100, 20, 2);
    const Factors items(1000, 20, 3);
    for (const auto level : pyrec::available_simd_levels()) {
        pyrec::set_simd_level(level);
        std::vector<std::int32_t> rows(10);
        std::vector<std::int32_t> indexed_rows(1000);
        std::vector<float> scores(10);
        std::vector<float> indexed_scores(1000);
        const auto index = pyrec::index_items(items.view(), {2});
        const auto counts = pyrec::recommend_indexed(users.view(), index.view(items.view()), {}, 10,
                                                     {2}, indexed_rows, indexed_scores);
        CHECK(counts.screened <= 100 * 1024);
        CHECK(counts.scored < counts.screened);
        for (std::int64_t user = 0; user < 100; ++user) {
            pyrec::recommend_dense({users.view().row(user), 1, 20}, items.view(), {}, 10, {}, rows,
                                   scores);
            for (std::size_t i = 0; i < 10; ++i) {
                const auto at = static_cast<std::size_t>(user) * 10 + i;
                CHECK(rows[i] == indexed_rows[at]);
                CHECK(scores[i] == indexed_scores[at]);
            }
        }
    }
}

TEST(a_filter_changes_no_list) {
    const Factors users(200, 20, 2);
    const Factors items(1000, 20, 3);
    const auto index = pyrec::index_items(items.view(), {});
    // One item, where an index of it is made for many users and it is scored for few; every other.
    for (const std::uint64_t word : {std::uint64_t{0}, std::uint64_t{0x5555555555555555}}) {
        std::vector<std::uint64_t> allowed(16, word);
        allowed[3] |= 4;
        allowed[15] &= (std::uint64_t{1} << (1000 % 64)) - 1;
        for (const std::int64_t count : {std::int64_t{2}, users.rows}) {
            std::vector<std::int32_t> rows(10);
            std::vector<std::int32_t> indexed_rows(static_cast<std::size_t>(count) * 10);
            std::vector<float> scores(10);
            std::vector<float> indexed_scores(indexed_rows.size());
            pyrec::recommend_indexed({users.values.data(), count, 20}, index.view(items.view()),
                                     {{}, allowed}, 10, {2}, indexed_rows, indexed_scores);
            for (std::int64_t user = 0; user < count; ++user) {
                pyrec::recommend_dense({users.view().row(user), 1, 20}, items.view(), {{}, allowed},
                                       10, {}, rows, scores);
                for (std::size_t i = 0; i < 10; ++i) {
                    const auto at = static_cast<std::size_t>(user) * 10 + i;
                    CHECK(rows[i] == indexed_rows[at]);
                    CHECK(scores[i] == indexed_scores[at]);
                }
            }
        }
    }
}
