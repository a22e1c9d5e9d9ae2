#include "subspace.hpp"

#include <algorithm>

#include "lanes.hpp"

namespace pyrec::detail {

namespace {

// As for the exact solver: what a pivot, and what negative weights must leave of the diagonal.
constexpr float least_pivot_ratio = 1e-4F;
constexpr float least_remaining = 0.1F;

// Rows that have entries, longest first, so that lanes of a batch have about the same length and
// the last tasks are short; the others become zero.
void order_rows(const CsrView<const float>& matrix, DenseView<float> solved,
                std::vector<std::int32_t>& order) {
    const auto length = [&](std::int32_t row) { return matrix.row(row).size(); };
    order.clear();
    for (std::int32_t row = 0; row < static_cast<std::int32_t>(matrix.rows()); ++row) {
        if (length(row) > 0) {
            order.push_back(row);
        } else {
            std::fill_n(solved.row(row), solved.cols, 0.0F);
        }
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int32_t a, std::int32_t b) { return length(a) > length(b); });
}

void load_start(const LaneBatch<float>& batch, std::span<const std::int32_t> numbers,
                DenseView<float> solved, float* rows) {
    std::fill_n(rows, lane_kernels<float>().width * batch.stride, 0.0F);
    for (std::size_t lane = 0; lane < numbers.size(); ++lane) {
        std::copy_n(solved.row(numbers[lane]), solved.cols,
                    rows + static_cast<std::int64_t>(lane) * batch.stride);
    }
    lane_kernels<float>().load(rows, batch.factors, batch.stride, batch.solution);
}

void store_rows(const LaneBatch<float>& batch, std::span<const std::int32_t> numbers, float* rows,
                DenseView<float> solved, Marks& marks) {
    lane_kernels<float>().unload(batch.solution, batch.factors, rows, batch.stride);
    for (std::size_t lane = 0; lane < numbers.size(); ++lane) {
        float* const to = solved.row(numbers[lane]);
        std::copy_n(rows + static_cast<std::int64_t>(lane) * batch.stride, solved.cols, to);
        const bool trusted = batch.worst[lane] > least_pivot_ratio &&
                             batch.remaining[lane] > least_remaining && all_finite(to, solved.cols);
        marks[static_cast<std::size_t>(numbers[lane])] = !trusted;
    }
}

}  // namespace

void solve_by_subspaces(const CsrView<const float>& matrix, const AlsSide::Prepared& side,
                        DenseView<float> solved, AlsScratch::Workers& scratch,
                        const Execution& execution) {
    const LaneKernels<float>& lanes = lane_kernels<float>();
    order_rows(matrix, solved, scratch.order);
    if (scratch.order.empty()) return;
    const std::span<const std::int32_t> rows(scratch.order);
    const std::int64_t batches = batches_of(rows, lanes.width);
    const std::int64_t f = side.factors.cols;
    const std::int64_t block = side.options.block_size;
    const std::int64_t flops = lanes.width * (f * f + block * block * f / 3) +
                               lanes.width * matrix.nnz() / matrix.rows() * f * block;
    const std::int64_t grain = std::max<std::int64_t>(1, 20'000'000 / flops);
    const int workers = worker_count(batches, grain, execution);
    scratch.lanes.resize(std::max(scratch.lanes.size(), static_cast<std::size_t>(workers)));
    const auto longest = static_cast<std::int64_t>(matrix.row(rows.front()).size());
    const LaneRoom room{padded(longest), block * lane_chunk, block};
    parallel_for(batches, grain, execution, [&](std::int64_t begin, std::int64_t end, int index) {
        LaneWorker<float>& worker = scratch.lanes[static_cast<std::size_t>(index)];
        LaneBatch<float> batch = lay_out(worker, room, f, side.stride);
        batch.table = side.table;
        batch.alpha = static_cast<float>(side.options.alpha);
        batch.unobserved = static_cast<float>(side.options.unobserved_weight);
        batch.gram = side.scaled_gram.data();
        batch.gram_stride = side.gram_stride;
        batch.block = block;
        for (std::int64_t i = begin; i < end; ++i) {
            const auto numbers = part(rows, i, lanes.width);
            load_rows<float>(matrix, side.options, numbers, worker.rows);
            load_start(batch, numbers, solved, worker.unloaded);
            lanes.subspace(batch);
            store_rows(batch, numbers, worker.unloaded, solved, scratch.marks);
        }
    });
}

}  // namespace pyrec::detail
