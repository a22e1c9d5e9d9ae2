// The most similar columns of rows with values of any kind.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "candidates.hpp"

namespace pyrec::detail {

// Finds the neighbours of one row at a time: Gustavson's row-by-row product (ACM TOMS 4, 1978)
// into a dense row of sums, which is read off by blocks.
class SumSearch {
public:
    SumSearch(const CsrView<const float>& columns, std::span<const float> weights,
              const NeighborOptions& options);

    // Returns how many neighbours it wrote. `self` is the column that cannot be one, or no_row.
    std::int64_t find(const SparseRow<const float>& row, float row_weight, std::int32_t self,
                      std::int32_t* neighbors, float* similarities);

private:
    template <bool mark>
    void accumulate(const SparseRow<const float>& row);

    const SelectKernels& simd_ = kernels().select;
    const CsrView<const float> columns_;
    const std::int64_t blocks_;
    std::vector<float> weights_;
    std::vector<float> sums_;          // zero between two rows
    std::vector<std::uint8_t> marks_;  // zero between two rows
    std::vector<std::int32_t> marked_;
    std::vector<std::int32_t> all_;
    Candidates candidates_;
};

}  // namespace pyrec::detail
