#include "mutual_search.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "counting.hpp"

namespace pyrec::detail {

namespace {

// The longest row whose counts fit a byte.
constexpr std::size_t most_counts = 255;
// Blocks between two looks at the number of candidates: 1024 rows.
constexpr std::int64_t blocks_at_once = 1024 / block_counts;

}  // namespace

template <class Label>
SortedRows<Label>::SortedRows(const CsrView<const float>& rows, const CsrView<const float>& columns,
                              std::span<const float> weights, const Execution& execution)
    : rows_(rows),
      offsets_(columns.offsets),
      order_(at(rows.rows())),
      weights_(order_.size() + block_counts) {
    std::iota(order_.begin(), order_.end(), 0);
    std::ranges::sort(order_, {}, [&](std::int32_t row) {
        return std::tuple(weights[at(row)], rows.row(row).size(), -row);
    });
    std::ranges::transform(order_, weights_.begin(),
                           [&](std::int32_t r) { return weights[at(r)]; });
    lists_.reserve(columns.nnz());
    after_.reserve(columns.nnz());
    // As many lists at a time as stay in the second-level cache while they are filled.
    constexpr std::int64_t entries_at_once = 1 << 20;
    const std::int64_t parts = columns.nnz() / entries_at_once + 1;
    const auto first = [&](std::int64_t part) {
        return static_cast<std::int32_t>(
            std::ranges::lower_bound(offsets_, columns.nnz() / parts * part) - offsets_.begin());
    };
    parallel_for(parts, 1, execution, [&](std::int64_t part, std::int64_t /*end*/, int /*worker*/) {
        fill_lists(first(part),
                   part + 1 < parts ? first(part + 1) : static_cast<std::int32_t>(columns.rows()));
    });
}

template <class Label>
void SortedRows<Label>::fill_lists(std::int32_t begin, std::int32_t end) {
    // Where the next label of each list goes.
    std::vector<std::int64_t> next(offsets_.begin() + begin, offsets_.begin() + end);
    for (std::size_t label = 0; label < order_.size(); ++label) {
        const std::int64_t row_begin = rows_.offsets[at(order_[label])];
        const auto entries = rows_.row(order_[label]).columns;
        const auto from = std::ranges::lower_bound(entries, begin);
        Label* after = after_.data() + row_begin + (from - entries.begin());
        for (auto i = from; i != entries.end() && *i < end; ++i) {
            const std::int64_t place = next[at(*i - begin)]++;
            lists_.data()[place] = static_cast<Label>(label);
            *after++ = static_cast<Label>(offsets_[at(*i) + 1] - place - 1);
        }
    }
}

template <class Label>
MutualSearch<Label>::MutualSearch(const SortedRows<Label>& rows, const NeighborOptions& options,
                                  NeighborLists& lists)
    : rows_(rows),
      lists_(lists),
      blocks_((rows.size() + block_counts - 1) / block_counts),
      counts_(at(blocks_ * block_counts)),
      listed_(at((blocks_at_once + 1) * block_counts)),
      slopes_(counts_.size()),
      intercepts_(counts_.size()),
      block_slopes_(at(blocks_)),
      block_intercepts_(at(blocks_)),
      candidates_(rows.size(), rows.weights(), options),
      scratch_(options.k) {}

template <class Label>
void MutualSearch<Label>::look_up(std::int64_t label) {
    for (std::int64_t i = label; i < rows_.size(); ++i) {
        const Screen screen = lists_.screen(i);
        slopes_[at(i)] = screen.slope;
        intercepts_[at(i)] = screen.intercept;
    }
    const auto least_of = [&](const std::vector<float>& values, std::int64_t block) {
        const auto begin = values.begin() + block * block_counts;
        return *std::min_element(begin, begin + block_counts);
    };
    for (std::int64_t block = label / block_counts; block < blocks_; ++block) {
        block_slopes_[at(block)] = least_of(slopes_, block);
        block_intercepts_[at(block)] = least_of(intercepts_, block);
    }
}

template <class Label>
void MutualSearch<Label>::find(std::int64_t label) {
    candidates_.start(lists_.row_weight(label));
    rows_.entries(label).size() > most_counts ? take_sums(label) : take_counts(label);
    candidates_.finish();
    const auto found = candidates_.columns();
    found_.resize(found.size());
    std::ranges::transform(found, found_.begin(),
                           [&](std::int32_t other) { return rows_.order()[at(other)]; });
    lists_.add(label, found_, candidates_.similarities(), scratch_);
}

template <class Label>
template <class Count>
void MutualSearch<Label>::count(std::int64_t label, Count* counts) const {
    each_label(
        rows_.entries(label), rows_.offsets(), [&](std::size_t i) { return rows_.after(label, i); },
        [counts](Label other) { ++counts[other]; });
}

template <class Label>
MutualScreen MutualSearch<Label>::screen(std::int64_t label) const {
    return {candidates_.screen(),    rows_.weights()[at(label)], rows_.weights().data(),
            slopes_.data(),          intercepts_.data(),         block_slopes_.data(),
            block_intercepts_.data()};
}

template <class Label>
template <class Count>
void MutualSearch<Label>::take(std::int64_t label, const Count* counts, std::int64_t listed) {
    const Screen own = candidates_.screen();
    const float weight = rows_.weights()[at(label)];
    std::int32_t* const columns = candidates_.next_column();
    float* const dots = candidates_.next_dot();
    std::int64_t taken = 0;
    for (std::int64_t i = 0; i < listed; ++i) {
        const auto other = at(listed_[at(i)]);
        const auto dot = static_cast<float>(counts[other]);
        columns[taken] = listed_[at(i)];
        dots[taken] = dot;
        taken += dot > own.slope * rows_.weights()[other] + own.intercept;
        if (dot > slopes_[other] * weight + intercepts_[other]) {
            lists_.add(listed_[at(i)], rows_.order()[at(label)], dot, weight, scratch_);
        }
    }
    candidates_.add(taken);
}

template <class Label>
void MutualSearch<Label>::take_counts(std::int64_t label) {
    count(label, counts_.data());
    const std::int64_t first = (label + 1) / block_counts;
    // First what is there twice or more. Then thresholds stand, and of all that is there once, by
    // far the most, little can pass them.
    for (const auto& [least, most] : {std::pair{2, 255}, std::pair{1, 1}}) {
        for (std::int64_t b = first; b < blocks_; b += blocks_at_once) {
            const std::int64_t end = std::min(b + blocks_at_once, blocks_);
            take(label, counts_.data(),
                 simd_.list_counts(counts_.data(), b, end, screen(label), least, most,
                                   listed_.data()));
        }
    }
    std::fill(counts_.begin() + first * block_counts, counts_.end(), std::uint8_t{0});
}

template <class Label>
void MutualSearch<Label>::take_sums(std::int64_t label) {
    sums_.resize(counts_.size());
    count(label, sums_.data());
    const std::int64_t first = (label + 1) / block_counts;
    for (std::int64_t b = first; b < blocks_; b += blocks_at_once) {
        const std::int64_t end = std::min(b + blocks_at_once, blocks_);
        take(label, sums_.data(),
             simd_.list_sums(sums_.data(), b, end, screen(label), listed_.data()));
    }
    std::fill(sums_.begin() + first * block_counts, sums_.end(), 0.0F);
}

template class SortedRows<std::uint16_t>;
template class SortedRows<std::int32_t>;
template class MutualSearch<std::uint16_t>;
template class MutualSearch<std::int32_t>;

}  // namespace pyrec::detail
