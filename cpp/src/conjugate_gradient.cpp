#include "conjugate_gradient.hpp"

#include <algorithm>
#include <numeric>

#include "lanes.hpp"
#include "simd/kernels.hpp"

namespace pyrec::detail {

namespace {

constexpr std::int64_t batch_rows = 16;
constexpr std::int64_t cached_bytes = 1 << 19;  // of the second-level cache, for rows of the table

// How many rows of the table are visited again while they are in the cache. At least as many as
// factors: the Gram matrix, which is read for every batch, is then no more than they are. Without
// that, 1,024 factors took 1.5 times as long.
std::int64_t cached_rows(std::int64_t stride) {
    const std::int64_t row_bytes = stride * static_cast<std::int64_t>(sizeof(float));
    return std::max(stride, cached_bytes / row_bytes);
}

// Which rows are solved together: consecutive ones whose factors share the cache, because each step
// visits all of them. Rows too long for it are apart.
void plan_batches(const CsrView<const float>& matrix, std::int64_t stride, CgPlan& plan) {
    const std::int64_t most = cached_rows(stride);
    plan.batches.clear();
    plan.long_rows.clear();
    std::int64_t room = -1;  // there is no batch to add to
    for (std::int64_t row = 0; row < matrix.rows(); ++row) {
        const auto number = static_cast<std::int32_t>(row);
        const auto entries = static_cast<std::int64_t>(matrix.row(row).size());
        if (entries > most) {
            plan.long_rows.push_back(number);
            room = -1;
            continue;
        }
        if (entries > room || number - plan.batches.back().first == batch_rows) {
            plan.batches.push_back({number, number});
            room = most;
        }
        room -= entries;
        plan.batches.back().last = number + 1;
    }
}

// How many long rows are solved together: the more, the fewer times the table is read; but their
// own vectors share the cache with it, and each thread should have some.
std::int64_t long_batch_rows(std::int64_t rows, std::int64_t stride, const Execution& execution) {
    const std::int64_t most = std::clamp<std::int64_t>(cached_rows(stride) / 4, 16, most_cg_rows);
    const std::int64_t threads = std::max(1, execution.threads);
    return std::clamp<std::int64_t>((rows + threads - 1) / threads, 1, most);
}

class Batches {
public:
    Batches(const CsrView<const float>& matrix, const AlsSide::Prepared& side,
            DenseView<float> solved, Marks& marks)
        : matrix_(matrix), side_(side), solved_(solved), marks_(marks) {}

    void solve(RowRange rows, CgWorker& worker) const {
        worker.numbers.resize(static_cast<std::size_t>(rows.last - rows.first));
        std::iota(worker.numbers.begin(), worker.numbers.end(), rows.first);
        CgBatch batch = begin(worker.numbers, worker);
        finish(batch, worker.numbers);
    }

    // Rows anywhere in the matrix, block by block of the table.
    void solve_in_blocks(std::span<const std::int32_t> rows, CgWorker& worker) const {
        CgBatch batch = begin(rows, worker);
        batch.block_rows = cached_rows(side_.stride);
        batch.blocks = (side_.factors.rows + batch.block_rows - 1) / batch.block_rows;
        worker.stops.resize(rows.size() * static_cast<std::size_t>(batch.blocks + 1));
        std::int32_t* stop = worker.stops.data();
        for (const std::int32_t row : rows) {
            const auto columns = matrix_.row(row).columns;
            auto at = columns.begin();
            *stop++ = 0;
            for (std::int64_t end = batch.block_rows; end < side_.factors.rows;
                 end += batch.block_rows) {
                at = std::lower_bound(at, columns.end(), end);
                *stop++ = static_cast<std::int32_t>(at - columns.begin());
            }
            *stop++ = static_cast<std::int32_t>(columns.size());
        }
        batch.stops = worker.stops.data();
        finish(batch, rows);
    }

private:
    CgBatch begin(std::span<const std::int32_t> numbers, CgWorker& worker) const {
        const std::int64_t size = std::ssize(numbers) * side_.stride;
        float* const vectors = worker.memory.reserve(4 * size + side_.stride);
        float* const nothing = vectors + 4 * size;
        std::fill_n(nothing, side_.stride, 0.0F);
        worker.rows.clear();
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            const auto entries = matrix_.row(numbers[i]);
            const auto n = static_cast<std::int64_t>(entries.size());
            const auto ridge = static_cast<float>(penalty(side_.options, n, matrix_.cols));
            worker.rows.push_back({entries.columns.data(), entries.values.data(), n, ridge, false});
            load(numbers[i], n > 0, vectors + static_cast<std::int64_t>(i) * side_.stride);
        }
        return {
            .rows = worker.rows.data(),
            .count = static_cast<int>(numbers.size()),
            .stops = nullptr,
            .blocks = 1,
            .block_rows = side_.factors.rows,
            .table = side_.table,
            .table_rows = side_.factors.rows,
            .nothing = nothing,
            .gram = side_.scaled_gram.data(),
            .gram_stride = side_.gram_stride,
            .stride = side_.stride,
            .alpha = static_cast<float>(side_.options.alpha),
            .unobserved = static_cast<float>(side_.options.unobserved_weight),
            .steps = side_.options.cg_steps,
            .solution = vectors,
            .residual = vectors + size,
            .direction = vectors + 2 * size,
            .image = vectors + 3 * size,
        };
    }

    // The warm start of a row; an empty row's factors are zero.
    void load(std::int64_t row, bool any, float* to) const {
        std::fill_n(to, side_.stride, 0.0F);
        if (any) std::copy_n(solved_.row(row), solved_.cols, to);
    }

    void finish(CgBatch& batch, std::span<const std::int32_t> numbers) const {
        kernels().solve.conjugate_gradient(batch);
        const float* from = batch.solution;
        for (std::size_t i = 0; i < numbers.size(); ++i, from += side_.stride) {
            std::copy_n(from, solved_.cols, solved_.row(numbers[i]));
            marks_[static_cast<std::size_t>(numbers[i])] = batch.rows[i].failed;
        }
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
    plan_batches(matrix, side.stride, scratch.cg_plan);
    const std::vector<RowRange>& batches = scratch.cg_plan.batches;
    const std::span<const std::int32_t> long_rows(scratch.cg_plan.long_rows);
    const std::int64_t together = long_batch_rows(std::ssize(long_rows), side.stride, execution);
    const std::int64_t long_tasks = (std::ssize(long_rows) + together - 1) / together;
    const std::int64_t entries = matrix.nnz() / std::max<std::int64_t>(1, std::ssize(batches)) + 1;
    const std::int64_t flops_per_batch =
        2 * (side.options.cg_steps + 1) * side.stride * (batch_rows * side.stride + 2 * entries);
    const std::int64_t grain = std::max<std::int64_t>(1, 20'000'000 / flops_per_batch);
    const std::int64_t tasks = long_tasks + (std::ssize(batches) + grain - 1) / grain;
    const int workers = worker_count(tasks, 1, execution);
    scratch.cg.resize(std::max(scratch.cg.size(), static_cast<std::size_t>(workers)));
    const Batches all(matrix, side, solved, scratch.marks);
    parallel_for(tasks, 1, execution, [&](std::int64_t task, std::int64_t, int index) {
        CgWorker& worker = scratch.cg[static_cast<std::size_t>(index)];
        if (task < long_tasks) {
            all.solve_in_blocks(part(long_rows, task, together), worker);
            return;
        }
        const std::int64_t first = (task - long_tasks) * grain;
        const std::int64_t last = std::min(first + grain, std::int64_t{std::ssize(batches)});
        for (std::int64_t i = first; i < last; ++i) {
            all.solve(batches[static_cast<std::size_t>(i)], worker);
        }
    });
}

}  // namespace pyrec::detail
