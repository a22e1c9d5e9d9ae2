#include "pyrec/grouping.hpp"

#include "check.hpp"

namespace {

using Longs = std::vector<std::int64_t>;

const std::vector<std::int32_t> rows = {2, 0, 2, 2, 0, 2};
const std::vector<std::int32_t> columns = {1, 3, 0, 1, 3, 1};

}  // namespace

TEST(pairs_are_sorted_and_their_events_stay_in_order) {
    for (const int threads : {1, 3}) {
        const auto groups = pyrec::group_pairs(rows, columns, 4, {threads});
        CHECK((groups.offsets == Longs{0, 1, 1, 3, 3}));
        CHECK((groups.columns == std::vector<std::int32_t>{3, 0, 1}));
        CHECK((groups.starts == Longs{0, 2, 3, 6}));
        CHECK((groups.order == Longs{1, 4, 2, 0, 3, 5}));
    }
}

TEST(no_events_make_no_pairs) {
    const auto groups = pyrec::group_pairs({}, {}, 2, {});
    CHECK((groups.offsets == Longs{0, 0, 0}));
    CHECK((groups.starts == Longs{0}));
    CHECK(groups.columns.empty());
}

TEST(events_of_a_pair_are_merged) {
    const auto groups = pyrec::group_pairs(rows, columns, 4, {});
    const std::vector<float> weights = {1, 2, 3, 4, 5, 6};
    const std::vector<std::uint8_t> kinds = {0, 1, 0, 1, 1, 0};
    const std::vector<double> factors = {1, 10};
    const Longs times = {9, 7, 7, 9, 7, 3};
    const pyrec::EventColumns events{weights, kinds, factors, times};
    std::vector<double> values(3);
    std::vector<std::uint32_t> bits(3);
    Longs latest(3);
    const auto merged = [&](pyrec::Merge how) {
        pyrec::merge_pairs(groups.starts, groups.order, events, how, {}, values, bits, latest);
        return values;
    };
    CHECK((merged(pyrec::Merge::sum) == std::vector<double>{70, 3, 47}));
    CHECK((merged(pyrec::Merge::max) == std::vector<double>{50, 3, 40}));
    CHECK((merged(pyrec::Merge::last) == std::vector<double>{50, 3, 40}));
    CHECK((bits == std::vector<std::uint32_t>{2, 1, 3}));
    CHECK((latest == Longs{7, 7, 9}));
}
