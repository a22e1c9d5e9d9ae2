#include "count_search.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "counting.hpp"
#include "pyrec/topk.hpp"

namespace pyrec::detail {

namespace {

// The longest row whose counts fit a byte.
constexpr std::size_t most_counts = 255;
// Blocks between two looks at the number of candidates: 4096 columns.
constexpr std::int64_t blocks_at_once = 4096 / block_counts;
// A row that touches fewer than one in so many columns is read off by a list of those.
constexpr std::int64_t touched_share = 32;
// So many are sorted sooner by comparing all with all.
constexpr std::int64_t few = 192;

}  // namespace

template <class Label>
LabelledColumns<Label>::LabelledColumns(const CsrView<const float>& columns,
                                        std::span<const float> weights, const Execution& execution)
    : offsets_(columns.offsets),
      columns_(at(columns.cols)),
      labels_(columns_.size()),
      weights_(columns_.size() + block_counts) {
    std::iota(columns_.begin(), columns_.end(), 0);
    std::ranges::stable_sort(columns_, {}, [&](std::int32_t c) { return weights[at(c)]; });
    for (std::size_t label = 0; label < columns_.size(); ++label) {
        labels_[at(columns_[label])] = static_cast<std::int32_t>(label);
        weights_[label] = weights[at(columns_[label])];
    }
    Label* const entries = entries_.reserve(columns.nnz());
    constexpr std::int64_t grain = 1 << 18;
    parallel_for(columns.nnz(), grain, execution,
                 [&](std::int64_t begin, std::int64_t end, int /*worker*/) {
                     for (std::int64_t i = begin; i < end; ++i) {
                         entries[i] = static_cast<Label>(labels_[at(columns.columns[at(i)])]);
                     }
                 });
}

template <class Label>
CountSearch<Label>::CountSearch(const LabelledColumns<Label>& columns,
                                const NeighborOptions& options)
    : columns_(columns),
      blocks_((columns.size() + block_counts - 1) / block_counts),
      k_(options.k),
      counts_(at(blocks_ * block_counts)),
      all_(at(blocks_ * block_counts / block_columns)),
      touched_(at(columns.size() + block_columns + 1)),
      repeated_(touched_.size()),
      candidates_(columns.size(), columns.weights(), options),
      similarities_(at(columns.size())),
      chosen_(at((columns.size() + 63) / 64)),
      words_((chosen_.size() + 63) / 64) {
    std::iota(all_.begin(), all_.end(), 0);
}

template <class Label>
std::int64_t CountSearch<Label>::find(const SparseRow<const float>& entries, float row_weight,
                                      std::int32_t self, std::int32_t* neighbors,
                                      float* similarities) {
    const auto row = entries.columns;
    candidates_.start(row_weight);
    const std::int32_t own = self == no_row ? no_row : columns_.label(self);
    if (row.size() > most_counts) {
        take_sums(row, own);
    } else if (products(row, columns_.offsets()) * touched_share < columns_.size()) {
        take_touched(row, own);
    } else {
        take_counts(row, own);
    }
    candidates_.finish();
    return std::ssize(candidates_.columns()) <= few ? write_few(neighbors, similarities)
                                                    : write_many(neighbors, similarities);
}

template <class Label>
template <class See>
void CountSearch<Label>::each_label(std::span<const std::int32_t> row, const See& see) const {
    detail::each_label(
        row, columns_.offsets(), [&](std::size_t i) { return columns_.of(row[i]); }, see);
}

template <class Label>
void CountSearch<Label>::count(std::span<const std::int32_t> row) {
    each_label(row, [counts = counts_.data()](Label label) { ++counts[label]; });
}

template <class Label>
void CountSearch<Label>::take_touched(std::span<const std::int32_t> row, std::int32_t self) {
    std::uint8_t* const counts = counts_.data();
    std::int32_t* const touched = touched_.data();
    std::int32_t* const repeated = repeated_.data();
    std::int64_t n = 0;
    std::int64_t n_repeated = 0;
    each_label(row, [&](Label label) {
        const std::uint8_t before = counts[label]++;
        touched[n] = label;
        n += before == 0;
        repeated[n_repeated] = label;
        n_repeated += before == 1;
    });
    // Most were met once, and of these only the lightest can pass.
    const std::int32_t limit = repeated_from(touched, n);
    std::int32_t* const taken = candidates_.next_column();
    float* const dots = candidates_.next_dot();
    std::int64_t n_taken = simd_.list_below(touched, n, limit, taken);
    const Screen& screen = candidates_.screen();
    for (std::int64_t i = 0; i < n_repeated; ++i) {
        const auto label = at(repeated[i]);
        taken[n_taken] = repeated[i];
        n_taken += static_cast<int>(repeated[i] >= limit) &
                   static_cast<int>(counts[label] >
                                    screen.slope * columns_.weights()[label] + screen.intercept);
    }
    std::int64_t others = 0;
    for (std::int64_t i = 0; i < n_taken; ++i) {
        const std::int32_t label = taken[i];
        taken[others] = label;
        dots[others] = counts[label];
        others += label != self;
    }
    for (std::int64_t i = 0; i < n; ++i) counts[touched[i]] = 0;
    candidates_.add(others);
}

// The label from which on a column needs a count of two or more: k of the touched ones are lighter.
template <class Label>
std::int32_t CountSearch<Label>::repeated_from(const std::int32_t* touched, std::int64_t n) {
    const auto size = static_cast<std::int32_t>(columns_.size());
    const std::int64_t wanted = k_ + 1;  // the row itself may be among them
    if (n <= 2 * wanted) return size;
    const std::int32_t enough = simd_.bound_labels(touched, n, wanted, size);
    const auto weights = columns_.weights().first(at(size));
    candidates_.reach(weights[at(enough - 1)]);
    const Screen& screen = candidates_.screen();
    const auto heavier = std::ranges::partition_point(
        weights, [&](float weight) { return 1 > screen.slope * weight + screen.intercept; });
    return static_cast<std::int32_t>(heavier - weights.begin());
}

template <class Label>
void CountSearch<Label>::take_counts(std::span<const std::int32_t> row, std::int32_t self) {
    count(row);
    if (self != no_row) counts_[at(self)] = 0;
    // First what is there twice or more. Then the threshold stands, and of all that is there once,
    // by far the most, only the lightest columns can pass it.
    for (const auto& [least, most] : {std::pair{2, 255}, std::pair{1, 1}}) {
        for (std::int64_t b = 0; b < blocks_; b += blocks_at_once) {
            candidates_.add(simd_.take_counts(counts_.data(), columns_.weights().data(), b,
                                              std::min(b + blocks_at_once, blocks_),
                                              candidates_.screen(), least, most,
                                              candidates_.next_column(), candidates_.next_dot()));
        }
    }
    std::ranges::fill(counts_, std::uint8_t{0});
}

template <class Label>
void CountSearch<Label>::take_sums(std::span<const std::int32_t> row, std::int32_t self) {
    sums_.resize(counts_.size());
    float* const sums = sums_.data();
    for (std::size_t i = 0; i < row.size(); i += most_counts) {
        count(row.subspan(i, std::min(most_counts, row.size() - i)));
        simd_.add_counts(sums, counts_.data(), std::ssize(counts_));
    }
    if (self != no_row) sums[self] = 0;
    constexpr std::int64_t at_once = blocks_at_once * block_counts / block_columns;
    for (std::int64_t b = 0; b < std::ssize(all_); b += at_once) {
        candidates_.add(simd_.collect(sums, columns_.weights().data(), all_.data() + b,
                                      std::min(at_once, std::ssize(all_) - b), candidates_.screen(),
                                      candidates_.next_column(), candidates_.next_dot()));
    }
}

// Sorts by column without a branch that nobody can predict: each goes to its rank.
template <class Label>
std::int64_t CountSearch<Label>::write_few(std::int32_t* neighbors, float* similarities) {
    std::int32_t columns[few] = {};
    std::int32_t ranks[few];
    std::int32_t sorted[few];
    float values[few];
    const std::int64_t n = std::ssize(candidates_.columns());
    for (std::int64_t i = 0; i < n; ++i) {
        columns[i] = columns_.column(candidates_.columns()[at(i)]);
    }
    simd_.rank(columns, n, ranks);
    for (std::int64_t i = 0; i < n; ++i) {
        sorted[ranks[i]] = columns[i];
        values[ranks[i]] = candidates_.similarities()[at(i)];
    }
    std::int64_t written = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        sorted[written] = sorted[i];
        values[written] = values[i];
        written += candidates_.chosen(values[i]);
    }
    std::copy_n(sorted, written, neighbors);
    std::copy_n(values, written, similarities);
    return written;
}

// Sorts by column in time proportional to their number: a bit for each, in two levels.
template <class Label>
std::int64_t CountSearch<Label>::write_many(std::int32_t* neighbors, float* similarities) {
    for (std::size_t i = 0; i < candidates_.columns().size(); ++i) {
        const auto column = at(columns_.column(candidates_.columns()[i]));
        similarities_[column] = candidates_.similarities()[i];
        chosen_[column / 64] |= std::uint64_t{1} << (column % 64);
        words_[column / 64 / 64] |= std::uint64_t{1} << (column / 64 % 64);
    }
    std::int64_t written = 0;
    for (std::size_t w = 0; w < words_.size(); ++w) {
        for (std::uint64_t words = words_[w]; words != 0; words &= words - 1) {
            const auto word = 64 * w + at(std::countr_zero(words));
            for (std::uint64_t bits = chosen_[word]; bits != 0; bits &= bits - 1) {
                const auto column = 64 * word + at(std::countr_zero(bits));
                if (!candidates_.chosen(similarities_[column])) continue;
                neighbors[written] = static_cast<std::int32_t>(column);
                similarities[written++] = similarities_[column];
            }
            chosen_[word] = 0;
        }
        words_[w] = 0;
    }
    return written;
}

template class LabelledColumns<std::uint16_t>;
template class LabelledColumns<std::int32_t>;
template class CountSearch<std::uint16_t>;
template class CountSearch<std::int32_t>;

}  // namespace pyrec::detail
