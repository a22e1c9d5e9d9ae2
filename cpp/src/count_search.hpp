// The most similar columns of rows whose entries all count as 1: of baskets, clicks, likes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "aligned.hpp"
#include "candidates.hpp"

namespace pyrec::detail {

// Columns by labels in the order of their weights, the lightest first, equal ones in order. A
// label is 16 bits wide where that is enough: counting is bound by how fast labels come in.
//
// The count that a column needs to be among the most similar ones grows with its weight. So labels
// that need the same count lie side by side, and the columns that most baskets have share a few
// cache lines at the end.
template <class Label>
class LabelledColumns {
public:
    LabelledColumns(const CsrView<const float>& columns, std::span<const float> weights,
                    const Execution& execution);

    std::int64_t size() const noexcept { return std::ssize(columns_); }
    std::span<const float> weights() const noexcept { return weights_; }  // padded to a block
    std::int32_t column(std::int32_t label) const { return columns_[at(label)]; }
    std::int32_t label(std::int32_t column) const { return labels_[at(column)]; }
    std::span<const std::int64_t> offsets() const noexcept { return offsets_; }
    // The labels of the columns that have an entry with `inner`, in no particular order.
    std::span<const Label> of(std::int32_t inner) const {
        const std::int64_t begin = offsets_[at(inner)];
        return {entries_.data() + begin, at(offsets_[at(inner) + 1] - begin)};
    }

private:
    const std::span<const std::int64_t> offsets_;
    std::vector<std::int32_t> columns_;
    std::vector<std::int32_t> labels_;
    std::vector<float> weights_;
    AlignedBuffer<Label> entries_;
};

// Finds the neighbours of one row at a time by counting what columns have in common with it. A
// count takes a byte, so that the counts of 30,000 columns fit the first-level cache.
template <class Label>
class CountSearch {
public:
    CountSearch(const LabelledColumns<Label>& columns, const NeighborOptions& options);

    // Returns how many neighbours it wrote. `self` is the column that cannot be one, or no_row.
    std::int64_t find(const SparseRow<const float>& row, float row_weight, std::int32_t self,
                      std::int32_t* neighbors, float* similarities);

private:
    template <class See>
    void each_label(std::span<const std::int32_t> row, const See& see) const;
    void count(std::span<const std::int32_t> row);
    void take_touched(std::span<const std::int32_t> row, std::int32_t self);
    std::int32_t repeated_from(const std::int32_t* touched, std::int64_t n);
    void take_counts(std::span<const std::int32_t> row, std::int32_t self);
    void take_sums(std::span<const std::int32_t> row, std::int32_t self);
    std::int64_t write_few(std::int32_t* neighbors, float* similarities);
    std::int64_t write_many(std::int32_t* neighbors, float* similarities);

    const SelectKernels& simd_ = kernels().select;
    const LabelledColumns<Label>& columns_;
    const std::int64_t blocks_;
    const std::int64_t k_;
    std::vector<std::uint8_t> counts_;    // zero between two rows
    std::vector<float> sums_;             // zero between two rows; empty until a row is that long
    std::vector<std::int32_t> all_;       // blocks of sums
    std::vector<std::int32_t> touched_;   // labels met in a row's lists
    std::vector<std::int32_t> repeated_;  // those met again
    Candidates candidates_;
    std::vector<float> similarities_;    // by column
    std::vector<std::uint64_t> chosen_;  // a bit for each column; zero between two rows
    std::vector<std::uint64_t> words_;   // a bit for each word of chosen_
};

extern template class LabelledColumns<std::uint16_t>;
extern template class LabelledColumns<std::int32_t>;
extern template class CountSearch<std::uint16_t>;
extern template class CountSearch<std::int32_t>;

}  // namespace pyrec::detail
