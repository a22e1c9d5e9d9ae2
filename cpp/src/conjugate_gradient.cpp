#include "conjugate_gradient.hpp"

#include <algorithm>

#include "simd/kernels.hpp"

namespace pyrec::detail {

namespace {

constexpr std::int64_t batch_rows = 16;
constexpr std::int64_t cached_bytes = 1 << 19;  // of the second-level cache, for a batch's factors

// Where batches of consecutive rows begin, and the end: as many rows as share a cache, because each
// step visits the factors of all of them.
void plan_batches(const CsrView<const float>& matrix, std::int64_t stride,
                  std::vector<std::int32_t>& begins) {
    const std::int64_t most = cached_bytes / static_cast<std::int64_t>(sizeof(float)) / stride;
    begins.clear();
    std::int64_t first = 0;
    for (std::int64_t row = 0; row < matrix.rows(); ++row) {
        const std::int64_t entries = matrix.offsets[static_cast<std::size_t>(row) + 1] -
                                     matrix.offsets[static_cast<std::size_t>(first)];
        if (row > first && row - first < batch_rows && entries <= most) continue;
        begins.push_back(static_cast<std::int32_t>(row));
        first = row;
    }
    begins.push_back(static_cast<std::int32_t>(matrix.rows()));
}

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
            .cached = cached_bytes / (4 * side_.stride),
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
    plan_batches(matrix, side.stride, scratch.order);
    const auto batches = static_cast<std::int64_t>(scratch.order.size()) - 1;
    const std::int64_t entries = matrix.nnz() / std::max<std::int64_t>(1, batches) + 1;
    const std::int64_t flops_per_batch =
        2 * (side.options.cg_steps + 1) * side.stride * (batch_rows * side.stride + 2 * entries);
    const std::int64_t grain = std::max<std::int64_t>(1, 20'000'000 / flops_per_batch);
    const int workers = worker_count(batches, grain, execution);
    scratch.cg.resize(std::max(scratch.cg.size(), static_cast<std::size_t>(workers)));
    const Batches all(matrix, side, solved, scratch.marks);
    parallel_for(batches, grain, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
        for (std::int64_t batch = begin; batch < end; ++batch) {
            const std::int32_t* const begin_of = scratch.order.data() + batch;
            all.solve(begin_of[0], begin_of[1] - begin_of[0],
                      scratch.cg[static_cast<std::size_t>(worker)]);
        }
    });
}

}  // namespace pyrec::detail
