// The neighbours of many rows, found in any order and by several threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "aligned.hpp"
#include "candidates.hpp"

namespace pyrec::detail {

// For each row the k most similar columns so far, equal ones in the order of columns: whoever comes
// in which order, the same remain. Rows go by labels.
//
// They lie where the results go. A row whose place is full has room for a few more elsewhere, 512
// bytes, and only when that is full as well the k best are chosen again.
class NeighborLists {
public:
    // Room for one thread to choose in.
    class Scratch {
    public:
        explicit Scratch(std::int64_t k);

    private:
        friend NeighborLists;
        std::vector<std::int32_t> columns_;
        std::vector<float> values_;
        std::vector<std::int32_t> equal_;
        std::vector<float> spare_;
        std::vector<std::int32_t> order_;
    };

    // `rows` has the row of each label; results of row i go to [offsets[i], offsets[i + 1]).
    NeighborLists(std::span<const std::int32_t> rows, std::span<const float> row_weights,
                  const NeighborOptions& options, std::span<const std::int64_t> offsets,
                  std::span<std::int32_t> neighbors, std::span<float> similarities);

    // What the dot product of a further neighbour has to pass. It only ever rises, so that what
    // somebody read long ago is still true, if weak.
    Screen screen(std::int64_t label) const {
        return {true, slopes_[at(label)].load(std::memory_order_relaxed),
                intercepts_[at(label)].load(std::memory_order_relaxed)};
    }
    float row_weight(std::int64_t label) const { return lists_[at(label)].weight; }

    // Adds one column of some weight, or several with their similarities.
    void add(std::int64_t label, std::int32_t column, float dot, float weight, Scratch& scratch);
    void add(std::int64_t label, std::span<const std::int32_t> columns,
             std::span<const float> similarities, Scratch& scratch);

    // Puts all lists in the order of columns, and tells the length of each row's.
    void close(const Execution& execution, std::span<std::int64_t> lengths);

private:
    static constexpr std::int64_t slack = 64;

    struct List {
        std::int64_t begin = 0;
        std::int32_t room = 0;
        std::int32_t size = 0;
        std::int32_t limit = 0;  // the size at which the best are chosen
        float weight = 0;
        float cut = -std::numeric_limits<float>::infinity();  // the k-th similarity, and the last
        std::int32_t last =
            std::numeric_limits<std::int32_t>::max();  // of the columns that have it
        std::atomic_flag held;
    };

    std::int64_t sort(std::int64_t label, Scratch& scratch);
    void put(std::int64_t label, List& list, std::int32_t column, float similarity,
             Scratch& scratch);
    void tighten(std::int64_t label, List& list, Scratch& scratch);
    void gather(std::int64_t label, const List& list, Scratch& scratch) const;

    const SelectKernels& simd_ = kernels().select;
    const NeighborOptions options_;
    const std::span<const std::int32_t> rows_;
    const std::span<std::int32_t> neighbors_;
    const std::span<float> similarities_;
    std::vector<List> lists_;
    std::vector<std::atomic<float>> slopes_;
    std::vector<std::atomic<float>> intercepts_;
    AlignedBuffer<std::int32_t> more_neighbors_;
    AlignedBuffer<float> more_similarities_;
};

}  // namespace pyrec::detail
