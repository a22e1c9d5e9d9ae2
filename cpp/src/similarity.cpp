#include "pyrec/similarity.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "pyrec/topk.hpp"
#include "simd/kernels.hpp"

namespace pyrec {

namespace {

using detail::block_columns;

// Blocks between two looks at the number of candidates: 4096 columns.
constexpr std::int64_t blocks_at_once = 256;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

std::int64_t length(const CsrView<const float>& matrix, std::int32_t row) {
    return matrix.offsets[at(row) + 1] - matrix.offsets[at(row)];
}

// How many products the neighbours of a row take.
std::int64_t products(const SparseRow<const float>& row, const CsrView<const float>& columns) {
    std::int64_t n = 0;
    for (const std::int32_t inner : row.columns) n += length(columns, inner);
    return n;
}

// Finds the neighbours of one row at a time: Gustavson's row-by-row product (ACM TOMS 4, 1978)
// into a dense row of sums, which is read off by blocks. Candidates above the best threshold so far
// are kept until there are a few times k of them; then the k best stay and raise the threshold.
class NeighborSearch {
public:
    NeighborSearch(const CsrView<const float>& columns, std::span<const float> weights,
                   const NeighborOptions& options)
        : columns_(columns),
          options_(options),
          blocks_((columns.cols + block_columns - 1) / block_columns),
          limit_(std::max<std::int64_t>(4 * options.k, 1024)),
          weights_(at(blocks_ * block_columns)),
          sums_(at(blocks_ * block_columns)),
          marks_(at((blocks_ + 15) / 16 * 16)),
          marked_(at(blocks_ + 32)),
          all_(at(blocks_)),
          candidates_(at(limit_ + (blocks_at_once + 2) * block_columns)),
          values_(candidates_.size()),
          scratch_(2 * candidates_.size() + 8 * block_columns) {
        std::copy(weights.begin(), weights.end(), weights_.begin());
        std::iota(all_.begin(), all_.end(), 0);
    }

    // Returns how many neighbours it wrote. `self` is the column that cannot be one, or no_row.
    std::int64_t find(const SparseRow<const float>& row, float row_weight, std::int32_t self,
                      std::int32_t* neighbors, float* similarities) {
        // Marks pay off only where many blocks stay untouched.
        const bool mark = products(row, columns_) < 2 * blocks_;
        if (options_.pattern) {
            mark ? accumulate<true, true>(row) : accumulate<true, false>(row);
        } else {
            mark ? accumulate<false, true>(row) : accumulate<false, false>(row);
        }
        if (self != no_row) sums_[at(self)] = 0;
        const std::int64_t n_blocks =
            mark ? simd_.list_marked(marks_.data(), std::ssize(marks_), marked_.data()) : blocks_;
        select(ratio(row_weight), mark ? marked_.data() : all_.data(), n_blocks);
        std::int64_t written = 0;
        for (std::int64_t i = 0; i < found_; ++i) {
            // A quotient can underflow to zero where the dot product did not.
            neighbors[written] = candidates_[at(i)];
            similarities[written] = values_[at(i)];
            written += values_[at(i)] != 0.0F && values_[at(i)] > options_.threshold;
        }
        return written;
    }

private:
    template <bool pattern, bool mark>
    void accumulate(const SparseRow<const float>& row) {
        float* const sums = sums_.data();
        std::uint8_t* const marks = marks_.data();
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i + 2 < row.size()) {
                const auto soon = at(columns_.offsets[at(row.columns[i + 2])]);
                __builtin_prefetch(columns_.columns.data() + soon);
                if constexpr (!pattern) __builtin_prefetch(columns_.values.data() + soon);
            }
            const auto inner = columns_.row(row.columns[i]);
            for (std::size_t j = 0; j < inner.size(); ++j) {
                const auto column = at(inner.columns[j]);
                if constexpr (pattern) {
                    sums[column] += 1.0F;
                } else {
                    sums[column] += row.values[i] * inner.values[j];
                }
                if constexpr (mark) marks[column / block_columns] = 1;
            }
        }
    }

    void select(detail::Ratio ratio, const std::int32_t* blocks, std::int64_t n_blocks) {
        found_ = 0;
        std::int64_t divided = 0;
        detail::Screen screen = above(options_.threshold, ratio);
        for (std::int64_t b = 0; b < n_blocks; b += blocks_at_once) {
            found_ += simd_.collect(sums_.data(), weights_.data(), blocks + b,
                                    std::min(blocks_at_once, n_blocks - b), screen,
                                    candidates_.data() + found_, values_.data() + found_);
            const bool last = b + blocks_at_once >= n_blocks;
            if (found_ < limit_ && !last) continue;
            simd_.divide(values_.data() + divided, candidates_.data() + divided, weights_.data(),
                         found_ - divided, ratio);
            if (found_ > options_.k) {
                screen = above(simd_.keep_best(candidates_.data(), values_.data(), found_,
                                               options_.k, scratch_.data()),
                               ratio);
                found_ = options_.k;
            }
            divided = found_;
        }
    }

    detail::Ratio ratio(float row_weight) const {
        switch (options_.denominator) {
            case Denominator::product:
                return {row_weight, 0, 0, options_.shrink};
            case Denominator::combined:
                return {1, row_weight, 1, options_.shrink};
            default:
                return {0, 1, 0, 0};
        }
    }

    // The condition "similarity > threshold" without the division, and weaker by 16 roundings, so
    // that no column which meets the exact condition fails it.
    static detail::Screen above(float threshold, const detail::Ratio& ratio) {
        if (!(threshold > 1e-30F)) return {};
        const double t = threshold * (1 - 1e-6);
        const double scale = t / (1 + t * ratio.overlap);
        return {true, static_cast<float>(scale * ratio.slope),
                static_cast<float>(scale * (double{ratio.own} + ratio.shrink))};
    }

    const detail::SelectKernels& simd_ = detail::kernels().select;
    const CsrView<const float> columns_;
    const NeighborOptions options_;
    const std::int64_t blocks_;
    const std::int64_t limit_;
    std::vector<float> weights_;
    std::vector<float> sums_;          // zero between two rows
    std::vector<std::uint8_t> marks_;  // zero between two rows
    std::vector<std::int32_t> marked_;
    std::vector<std::int32_t> all_;
    std::vector<std::int32_t> candidates_;
    std::vector<float> values_;
    std::vector<float> scratch_;
    std::int64_t found_ = 0;
};

// Moves the rows' entries from where bound_neighbors gave them room to where they belong.
void close_gaps(std::span<const std::int64_t> counts, std::span<std::int64_t> offsets,
                std::span<std::int32_t> neighbors, std::span<float> similarities) {
    std::int64_t to = 0;
    for (std::size_t row = 0; row < counts.size(); ++row) {
        const std::int64_t from = offsets[row];
        if (to < from) {
            std::copy_n(neighbors.begin() + from, counts[row], neighbors.begin() + to);
            std::copy_n(similarities.begin() + from, counts[row], similarities.begin() + to);
        }
        offsets[row] = to;
        to += counts[row];
    }
    offsets.back() = to;
}

}  // namespace

void row_norms(const CsrView<const float>& matrix, std::span<double> norms) {
    for (std::int64_t row = 0; row < matrix.rows(); ++row) {
        double sum = 0;
        for (const float value : matrix.row(row).values) sum += double{value} * value;
        norms[at(row)] = std::sqrt(sum);
    }
}

void bound_neighbors(const CsrView<const float>& rows, const CsrView<const float>& columns,
                     std::int64_t k, std::span<std::int64_t> offsets) {
    offsets[0] = 0;
    for (std::int64_t row = 0; row < rows.rows(); ++row) {
        const std::int64_t most = std::min(products(rows.row(row), columns), columns.cols);
        offsets[at(row) + 1] = offsets[at(row)] + std::min(k, most);
    }
}

void find_neighbors(const CsrView<const float>& rows, std::span<const float> row_weights,
                    const CsrView<const float>& columns, std::span<const float> column_weights,
                    std::span<const std::int32_t> selves, const NeighborOptions& options,
                    const Execution& execution, std::span<std::int64_t> offsets,
                    std::span<std::int32_t> neighbors, std::span<float> similarities) {
    constexpr std::int64_t grain = 64;
    std::vector<std::int64_t> counts(at(rows.rows()));
    std::vector<std::unique_ptr<NeighborSearch>> searches(
        at(worker_count(rows.rows(), grain, execution)));
    parallel_for(
        rows.rows(), grain, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
            auto& search = searches[at(worker)];
            if (!search) {
                search = std::make_unique<NeighborSearch>(columns, column_weights, options);
            }
            for (std::int64_t row = begin; row < end; ++row) {
                const auto to = offsets[at(row)];
                const auto self = selves.empty() ? no_row : selves[at(row)];
                counts[at(row)] = search->find(rows.row(row), row_weights[at(row)], self,
                                               neighbors.data() + to, similarities.data() + to);
            }
        });
    close_gaps(counts, offsets, neighbors, similarities);
}

}  // namespace pyrec
