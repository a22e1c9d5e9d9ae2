#include "pyrec/metrics.hpp"

#include <cmath>
#include <vector>

#include "check.hpp"
#include "pyrec/errors.hpp"

namespace {

struct Judged {
    Judged(std::size_t lists, std::size_t cutoffs)
        : first(lists),
          hits(lists * cutoffs),
          precision_sum(lists * cutoffs),
          gain(lists * cutoffs),
          ideal_gain(lists * cutoffs) {}

    pyrec::Earnings earnings() { return {hits, precision_sum, gain, ideal_gain}; }

    std::vector<std::int32_t> first, hits;
    std::vector<double> precision_sum, gain, ideal_gain;
};

bool near(double a, double b) { return std::abs(a - b) < 1e-12; }

// Two users of six items. The first wants 0, 2 and 5; the second wants nothing.
const std::vector<std::int64_t> offsets = {0, 3, 3};
const std::vector<std::int32_t> columns = {0, 2, 5};
const std::vector<float> gains = {1, 3, 2};
const std::vector<std::int32_t> lists = {4, 2, 0, -1, 1, 3, -1, -1};
const std::vector<std::int32_t> cutoffs = {1, 3, 4};

}  // namespace

TEST(totals_at_every_cutoff) {
    Judged judged(2, 3);
    pyrec::judge({lists.data(), 2, 4}, {offsets, columns, {}, 6}, cutoffs, {}, judged.first,
                 judged.earnings());
    CHECK((judged.first == std::vector<std::int32_t>{2, 0}));
    CHECK((judged.hits == std::vector<std::int32_t>{0, 2, 2, 0, 0, 0}));
    CHECK(near(judged.precision_sum[1], 1.0 / 2 + 2.0 / 3));
    CHECK(near(judged.gain[1], 1 / std::log2(3.0) + 1 / std::log2(4.0)));
    CHECK(near(judged.ideal_gain[0], 1.0));
    CHECK(near(judged.ideal_gain[2], 1 + 1 / std::log2(3.0) + 1 / std::log2(4.0)));
    CHECK(judged.ideal_gain[5] == 0.0);
}

TEST(behind_the_end_of_a_list_there_are_no_hits) {
    Judged judged(2, 2);
    const std::vector<std::int32_t> far = {3, 2'000'000'000};
    pyrec::judge({lists.data(), 2, 4}, {offsets, columns, {}, 6}, far, {}, judged.first,
                 judged.earnings());
    CHECK((judged.hits == std::vector<std::int32_t>{2, 2, 0, 0}));
    CHECK(near(judged.gain[1], judged.gain[0]));
    CHECK(near(judged.ideal_gain[1], judged.ideal_gain[0]));
}

TEST(gains_are_the_values_when_given) {
    Judged judged(2, 3);
    pyrec::judge({lists.data(), 2, 4}, {offsets, columns, gains, 6}, cutoffs, {}, judged.first,
                 judged.earnings());
    CHECK(near(judged.gain[1], 3 / std::log2(3.0) + 1 / std::log2(4.0)));
    CHECK(near(judged.ideal_gain[1], 3 + 2 / std::log2(3.0) + 1 / std::log2(4.0)));
}

TEST(malformed_lists_are_named) {
    const auto check_lists = [](const std::vector<std::int32_t>& rows) {
        pyrec::validate_lists({rows.data(), 1, static_cast<std::int64_t>(rows.size())}, 6);
    };
    check_lists({4, 2, -1});
    CHECK_THROWS(check_lists({4, 6}), pyrec::InvalidInput);
    CHECK_THROWS(check_lists({-2}), pyrec::InvalidInput);
    CHECK_THROWS(check_lists({4, -1, 2}), pyrec::InvalidInput);
    CHECK_THROWS(check_lists({4, 2, 4}), pyrec::InvalidInput);
}

TEST(auc_counts_a_tie_as_half) {
    // Wanted: item 1 (score 2). Others: 1, 2 and 3. Won 1, tied 1, lost 1.
    const std::vector<std::int64_t> score_offsets = {0, 4, 5};
    const std::vector<std::int32_t> score_columns = {0, 1, 2, 4, 0};
    const std::vector<float> scores = {1, 2, 2, 3, 1};
    const std::vector<std::int64_t> wanted_offsets = {0, 2, 3};
    const std::vector<std::int32_t> wanted = {1, 3, 0};  // item 3 is not among the scored
    std::vector<double> areas(2);
    pyrec::auc({score_offsets, score_columns, scores, 5}, {wanted_offsets, wanted, {}, 5}, {},
               areas);
    CHECK(near(areas[0], 0.5));
    CHECK(std::isnan(areas[1]));
}

TEST(same_bits_for_any_thread_count) {
    const std::int64_t n = 5000;
    std::vector<std::int32_t> rows, wanted;
    std::vector<std::int64_t> starts = {0};
    for (std::int32_t i = 0; i < n; ++i) {
        for (std::int32_t j = 0; j < 4; ++j) rows.push_back((i * 7 + j * 13) % 50);
        wanted.insert(wanted.end(), {i % 10, 20 + i % 20});
        starts.push_back(static_cast<std::int64_t>(wanted.size()));
    }
    Judged one(n, 3), many(n, 3);
    const pyrec::CsrView<const float> relevant{starts, wanted, {}, 50};
    pyrec::judge({rows.data(), n, 4}, relevant, cutoffs, {1}, one.first, one.earnings());
    pyrec::judge({rows.data(), n, 4}, relevant, cutoffs, {7}, many.first, many.earnings());
    CHECK(one.first == many.first);
    CHECK(one.hits == many.hits);
    CHECK(one.gain == many.gain);
}
