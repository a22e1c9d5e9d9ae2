#include "conjugate_gradient.hpp"

#include <algorithm>

#include "simd/kernels.hpp"

namespace pyrec::detail {

namespace {

constexpr std::int64_t batch_rows = 16;

class Batches {
public:
    Batches(const CsrView<const float>& matrix, const AlsSide::Prepared& side,
            DenseView<float> solved, Marks& marks)
        : matrix_(matrix), side_(side), solved_(solved), marks_(marks) {}

    void solve(std::int64_t first, std::int64_t count, AlignedBuffer<float>& worker) const {
        CgRow rows[batch_rows];
        const std::int64_t size = batch_rows * side_.stride;
        float* const vectors = worker.reserve(4 * size + side_.stride);
        float* const nothing = vectors + 4 * size;
        std::fill_n(nothing, side_.stride, 0.0F);
        for (std::int64_t i = 0; i < count; ++i) {
            const auto entries = matrix_.row(first + i);
            const auto n = static_cast<std::int64_t>(entries.size());
            rows[i] = {entries.columns.data(), entries.values.data(), n,
                       static_cast<float>(penalty(side_.options, n, matrix_.cols)), false};
            load(first + i, n > 0, vectors + i * side_.stride);
        }
        CgBatch batch{
            .rows = rows,
            .count = static_cast<int>(count),
            .columns_end = matrix_.columns.data() + matrix_.columns.size(),
            .table = side_.table,
            .nothing = nothing,
            .gram = side_.scaled_gram.data(),
            .stride = side_.stride,
            .alpha = static_cast<float>(side_.options.alpha),
            .unobserved = static_cast<float>(side_.options.unobserved_weight),
            .steps = side_.options.cg_steps,
            .solution = vectors,
            .residual = vectors + size,
            .direction = vectors + 2 * size,
            .image = vectors + 3 * size,
        };
        kernels().solve.conjugate_gradient(batch);
        for (std::int64_t i = 0; i < count; ++i) {
            std::copy_n(vectors + i * side_.stride, solved_.cols, solved_.row(first + i));
            marks_[static_cast<std::size_t>(first + i)] = rows[i].failed;
        }
    }

private:
    // The warm start of a row; an empty row's factors are zero.
    void load(std::int64_t row, bool any, float* to) const {
        std::fill_n(to, side_.stride, 0.0F);
        if (any) std::copy_n(solved_.row(row), solved_.cols, to);
    }

    const CsrView<const float>& matrix_;
    const AlsSide::Prepared& side_;
    DenseView<float> solved_;
    Marks& marks_;
};

}  // namespace

void solve_by_conjugate_gradient(const CsrView<const float>& matrix, const AlsSide::Prepared& side,
                                 DenseView<float> solved, AlsScratch::Workers& scratch,
                                 const Execution& execution) {
    const std::int64_t batches = (matrix.rows() + batch_rows - 1) / batch_rows;
    const std::int64_t entries = matrix.nnz() / std::max<std::int64_t>(1, batches) + 1;
    const std::int64_t flops_per_batch =
        2 * (side.options.cg_steps + 1) * side.stride * (batch_rows * side.stride + 2 * entries);
    const std::int64_t grain = std::max<std::int64_t>(1, 20'000'000 / flops_per_batch);
    const int workers = worker_count(batches, grain, execution);
    scratch.cg.resize(std::max(scratch.cg.size(), static_cast<std::size_t>(workers)));
    const Batches all(matrix, side, solved, scratch.marks);
    parallel_for(batches, grain, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
        for (std::int64_t batch = begin; batch < end; ++batch) {
            const std::int64_t first = batch * batch_rows;
            all.solve(first, std::min(batch_rows, matrix.rows() - first),
                      scratch.cg[static_cast<std::size_t>(worker)]);
        }
    });
}

}  // namespace pyrec::detail
