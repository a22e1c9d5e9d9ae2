// The most similar of the rows themselves, where all entries count as 1: of baskets, clicks, likes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "aligned.hpp"
#include "candidates.hpp"
#include "neighbor_lists.hpp"

namespace pyrec::detail {

// The rows of a matrix by labels in the order of their weights, then of their lengths, the lightest
// first. Of equal ones the last is first: the search goes from the last label to the first, and so
// meets early what wins a tie. And the lists of its transpose, each in the order of labels, so that
// what comes after a label is in one piece.
//
// A label is 16 bits wide where that is enough: counting is bound by how fast labels come in. There
// are two labels for each entry of the matrix.
template <class Label>
class SortedRows {
public:
    // `columns` is the transpose of `rows`; `weights` are what the rows weigh as neighbours.
    SortedRows(const CsrView<const float>& rows, const CsrView<const float>& columns,
               std::span<const float> weights, const Execution& execution);

    std::int64_t size() const noexcept { return std::ssize(order_); }
    std::span<const std::int32_t> order() const noexcept { return order_; }  // rows by label
    std::span<const float> weights() const noexcept { return weights_; }     // padded to a block
    std::span<const std::int64_t> offsets() const noexcept { return offsets_; }  // of lists
    std::span<const std::int32_t> entries(std::int64_t label) const {
        return rows_.row(order_[at(label)]).columns;
    }
    // The labels after this one in the list of its j-th entry.
    std::span<const Label> after(std::int64_t label, std::size_t j) const {
        const auto entry = at(rows_.offsets[at(order_[at(label)])]) + j;
        const Label* const end = lists_.data() + offsets_[at(rows_.columns[entry]) + 1];
        return {end - after_.data()[entry], end};
    }

private:
    void fill_lists(std::int32_t begin, std::int32_t end);

    const CsrView<const float> rows_;
    const std::span<const std::int64_t> offsets_;
    std::vector<std::int32_t> order_;
    std::vector<float> weights_;
    AlignedBuffer<Label> lists_;
    AlignedBuffer<Label> after_;  // how many labels come after a row's in the lists of its entries
};

// Counts what one row at a time has in common with each heavier one, and tells both.
//
// So each pair is counted once. And of a row with many entries, which has only few heavier ones,
// the counts are few; of all others a count fits a byte, and all counts the first-level cache.
template <class Label>
class MutualSearch {
public:
    MutualSearch(const SortedRows<Label>& rows, const NeighborOptions& options,
                 NeighborLists& lists);

    // Takes notice of what the rows from `label` on have to be offered by now.
    void look_up(std::int64_t label);
    // Finds the neighbours of a row among heavier ones, and makes it theirs.
    void find(std::int64_t label);

private:
    template <class Count>
    void count(std::int64_t label, Count* counts) const;
    template <class Count>
    void take(std::int64_t label, const Count* counts, std::int64_t listed);
    void take_counts(std::int64_t label);
    void take_sums(std::int64_t label);
    MutualScreen screen(std::int64_t label) const;

    const SelectKernels& simd_ = kernels().select;
    const SortedRows<Label>& rows_;
    NeighborLists& lists_;
    const std::int64_t blocks_;
    std::vector<std::uint8_t> counts_;  // zero between two rows
    std::vector<float> sums_;           // zero between two rows; empty until a row is that long
    std::vector<std::int32_t> listed_;
    std::vector<float> slopes_;
    std::vector<float> intercepts_;
    std::vector<float> block_slopes_;
    std::vector<float> block_intercepts_;
    Candidates candidates_;
    std::vector<std::int32_t> found_;
    NeighborLists::Scratch scratch_;
};

// Finds the neighbours of all rows. The lists are complete then, but open.
template <class Label>
void search_mutually(const SortedRows<Label>& rows, const NeighborOptions& options,
                     const Execution& execution, NeighborLists& lists) {
    constexpr std::int64_t grain = 64;
    std::vector<std::unique_ptr<MutualSearch<Label>>> searches(
        at(worker_count(rows.size(), grain, execution)));
    parallel_for(rows.size(), grain, execution,
                 [&](std::int64_t begin, std::int64_t end, int worker) {
                     auto& search = searches[at(worker)];
                     if (!search)
                         search = std::make_unique<MutualSearch<Label>>(rows, options, lists);
                     // The heaviest first: most have them as neighbours, and know soon what to turn
                     // away.
                     search->look_up(rows.size() - end);
                     for (std::int64_t i = begin; i < end; ++i) search->find(rows.size() - 1 - i);
                 });
}

extern template class SortedRows<std::uint16_t>;
extern template class SortedRows<std::int32_t>;
extern template class MutualSearch<std::uint16_t>;
extern template class MutualSearch<std::int32_t>;

}  // namespace pyrec::detail
