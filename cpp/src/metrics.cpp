#include "pyrec/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "pyrec/errors.hpp"
#include "pyrec/topk.hpp"

namespace pyrec {

namespace {

// 1 / log2(position + 1) for positions 1, 2, ... (Jarvelin and Kekalainen 2002).
std::vector<double> discounts(std::int64_t length) {
    std::vector<double> discount(static_cast<std::size_t>(length));
    for (std::size_t i = 0; i < discount.size(); ++i) {
        discount[i] = 1.0 / std::log2(static_cast<double>(i) + 2.0);
    }
    return discount;
}

// One worker's memory: where each item stands in the current user's relevant row, and that row's
// gains, best first.
struct Scratch {
    std::vector<std::int32_t> place_of_item;  // 1-based; 0: not relevant
    std::vector<float> ideal;
};

// One list and what the user wanted.
struct Case {
    std::span<const std::int32_t> list;
    SparseRow<const float> relevant;
};

// Walks the list once and writes the running totals whenever it stands at a cut-off. Returns the
// position of the first hit.
std::int32_t walk(const Case& one, std::span<const std::int32_t> cutoffs,
                  std::span<const double> discount, Scratch& scratch, std::size_t at,
                  const Earnings& earned) {
    const bool graded = !one.relevant.values.empty();
    std::int32_t first = 0, hits = 0;
    double precision_sum = 0, gain = 0, ideal_gain = 0;
    // Behind both ends there is nothing more to earn.
    const std::size_t end = std::max(one.list.size(), one.relevant.size());
    std::size_t position = 0;
    for (const std::int32_t cutoff : cutoffs) {
        for (; position < std::min(static_cast<std::size_t>(cutoff), end); ++position) {
            if (position < one.relevant.size()) {
                ideal_gain += (graded ? double{scratch.ideal[position]} : 1.0) * discount[position];
            }
            const std::int32_t item = position < one.list.size() ? one.list[position] : no_row;
            const std::int32_t place =
                item == no_row ? 0 : scratch.place_of_item[static_cast<std::size_t>(item)];
            if (place == 0) continue;
            ++hits;
            if (first == 0) first = static_cast<std::int32_t>(position) + 1;
            precision_sum += hits / (static_cast<double>(position) + 1.0);
            const auto entry = static_cast<std::size_t>(place) - 1;
            gain += (graded ? double{one.relevant.values[entry]} : 1.0) * discount[position];
        }
        earned.hits[at] = hits;
        earned.precision_sum[at] = precision_sum;
        earned.gain[at] = gain;
        earned.ideal_gain[at] = ideal_gain;
        ++at;
    }
    return first;
}

std::int64_t longest_row(const CsrView<const float>& matrix) {
    std::int64_t longest = 0;
    for (std::size_t i = 1; i < matrix.offsets.size(); ++i) {
        longest = std::max(longest, matrix.offsets[i] - matrix.offsets[i - 1]);
    }
    return longest;
}

// 2 for each of the others that scores less, 1 for each that ties. The compiler vectorises it: a
// few passes over a row are quicker than a search for each of its entries.
std::int64_t half_points_against(std::span<const float> others, float score) {
    std::int32_t less = 0, less_or_equal = 0;
    for (const float other : others) {
        less += other < score;
        less_or_equal += other <= score;
    }
    return std::int64_t{less} + less_or_equal;
}

}  // namespace

void validate_lists(DenseView<const std::int32_t> lists, std::int64_t items) {
    std::vector<std::int64_t> last_list(static_cast<std::size_t>(items), -1);
    for (std::int64_t i = 0; i < lists.rows; ++i) {
        bool ended = false;
        for (std::int64_t j = 0; j < lists.cols; ++j) {
            const std::int32_t item = lists.row(i)[j];
            const auto fail = [&](const std::string& why) {
                throw InvalidInput("lists[" + std::to_string(i) + ", " + std::to_string(j) +
                                   "] = " + std::to_string(item) + " " + why);
            };
            if (item == no_row) {
                ended = true;
                continue;
            }
            if (item < 0 || item >= items) {
                fail("is neither an item, in [0, " + std::to_string(items) + "), nor -1");
            }
            if (ended) fail("follows -1: a short list is padded at its end only");
            std::int64_t& last = last_list[static_cast<std::size_t>(item)];
            if (last == i) fail("stands in this list twice");
            last = i;
        }
    }
}

void judge(DenseView<const std::int32_t> lists, const CsrView<const float>& relevant,
           std::span<const std::int32_t> cutoffs, const Execution& execution,
           std::span<std::int32_t> first_hit, const Earnings& earned) {
    const std::int64_t longest = longest_row(relevant);
    const std::vector<double> discount = discounts(std::max(lists.cols, longest));
    const std::int64_t work_per_list =
        lists.cols + relevant.nnz() / std::max<std::int64_t>(1, lists.rows);
    const std::int64_t grain = std::max<std::int64_t>(1, 400'000 / (work_per_list + 10));
    std::vector<Scratch> scratches(
        static_cast<std::size_t>(worker_count(lists.rows, grain, execution)));
    for (Scratch& scratch : scratches) {
        scratch.place_of_item.assign(static_cast<std::size_t>(relevant.cols), 0);
        if (!relevant.values.empty()) scratch.ideal.reserve(static_cast<std::size_t>(longest));
    }

    parallel_for(
        lists.rows, grain, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
            Scratch& scratch = scratches[static_cast<std::size_t>(worker)];
            for (std::int64_t i = begin; i < end; ++i) {
                const Case one{{lists.row(i), static_cast<std::size_t>(lists.cols)},
                               relevant.row(i)};
                std::int32_t place = 0;
                for (const std::int32_t item : one.relevant.columns) {
                    scratch.place_of_item[static_cast<std::size_t>(item)] = ++place;
                }
                scratch.ideal.assign(one.relevant.values.begin(), one.relevant.values.end());
                std::sort(scratch.ideal.begin(), scratch.ideal.end(), std::greater<>{});

                const auto at = static_cast<std::size_t>(i);
                first_hit[at] = walk(one, cutoffs, discount, scratch, at * cutoffs.size(), earned);

                for (const std::int32_t item : one.relevant.columns) {
                    scratch.place_of_item[static_cast<std::size_t>(item)] = 0;
                }
            }
        });
}

void auc(const CsrView<const float>& scores, const CsrView<const float>& relevant,
         const Execution& execution, std::span<double> areas) {
    const std::int64_t mean_size = scores.nnz() / std::max<std::int64_t>(1, scores.rows());
    const std::int64_t grain = std::max<std::int64_t>(1, 100'000 / (mean_size + 10));
    const auto longest = static_cast<std::size_t>(longest_row(relevant));
    parallel_for(scores.rows(), grain, execution, [&](std::int64_t begin, std::int64_t end, int) {
        std::vector<float> wanted;
        wanted.reserve(longest);
        for (std::int64_t i = begin; i < end; ++i) {
            const SparseRow<const float> row = scores.row(i);
            wanted.clear();
            for (const std::int32_t item : relevant.row(i).columns) {
                const auto at = std::lower_bound(row.columns.begin(), row.columns.end(), item);
                if (at == row.columns.end() || *at != item) continue;
                wanted.push_back(row.values[static_cast<std::size_t>(at - row.columns.begin())]);
            }
            // Compare with everything, then take back what was no pair with another item.
            std::int64_t half_points = 0;
            for (const float score : wanted) {
                half_points += half_points_against(row.values, score);
                half_points -= half_points_against(wanted, score);
            }
            const auto n_wanted = static_cast<double>(wanted.size());
            const double pairs = n_wanted * (static_cast<double>(row.size()) - n_wanted);
            areas[static_cast<std::size_t>(i)] =
                pairs > 0 ? static_cast<double>(half_points) / (2 * pairs)
                          : std::numeric_limits<double>::quiet_NaN();
        }
    });
}

}  // namespace pyrec
