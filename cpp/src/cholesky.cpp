#include "cholesky.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "lanes.hpp"
#include "pyrec/errors.hpp"

namespace pyrec::detail {

namespace {

// float32 solves a system if the part of the matrix that all rows share has a condition number
// below this, if every pivot of the factorization keeps this much of the diagonal element it came
// from (more for the dual, where an error is not damped by the matrix it came from), if negative
// weights leave this part of each such element, and if the gradient is small: the square of its
// norm, measured or estimated, relative to that of the right side.
constexpr double greatest_condition = 1e5;
constexpr float least_pivot_ratio = 1e-4F;
constexpr float least_dual_pivot_ratio = 1e-3F;
constexpr float least_remaining = 0.1F;
constexpr float greatest_gradient = 4e-10F;

// Rows up to this length are solved through the dual system, which is cheaper there.
std::int64_t longest_dual(std::int64_t factors) { return factors * 3 / 4; }

// Which rows are solved in which way, longest first, so that lanes of a batch have about the same
// length and the last tasks are short.
struct Plan {
    std::span<const std::int32_t> direct;
    std::span<const std::int32_t> dual;
};

class Planner {
public:
    Planner(const CsrView<const float>& matrix, const AlsSide::Prepared& side)
        : matrix_(matrix), side_(side) {
        const auto [least, most] =
            std::minmax_element(side.eigenvalues.begin(), side.eigenvalues.end());
        least_ = *least;
        most_ = *most;
    }

    enum Kind : std::uint8_t { empty, dual, direct, in_double };

    Kind kind(std::int64_t row) const {
        const auto entries = matrix_.row(row);
        const auto n = static_cast<std::int64_t>(entries.size());
        if (n == 0) return empty;
        const double ridge = penalty(side_.options, n, matrix_.cols);
        const bool well_conditioned = most_ + ridge < greatest_condition * (least_ + ridge);
        if (!well_conditioned || least_ + ridge < 1e-30 || most_ + ridge > 1e30) return in_double;
        if (n > longest_dual(side_.factors.cols)) return direct;
        const float alpha = static_cast<float>(side_.options.alpha);
        const float unobserved = static_cast<float>(side_.options.unobserved_weight);
        float least = unobserved;
        for (const float value : entries.values) least = std::min(least, std::fabs(alpha * value));
        return least < unobserved ? direct : dual;
    }

private:
    const CsrView<const float>& matrix_;
    const AlsSide::Prepared& side_;
    double least_ = 0;
    double most_ = 0;
};

Plan plan(const CsrView<const float>& matrix, const AlsSide::Prepared& side,
          DenseView<float> solved, AlsScratch::Workers& scratch, const Execution& execution) {
    const Planner planner(matrix, side);
    Marks& marks = scratch.marks;
    parallel_for(matrix.rows(), 16384, execution, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t row = begin; row < end; ++row) {
            marks[static_cast<std::size_t>(row)] = planner.kind(row);
        }
    });
    const auto length = [&](std::int64_t row) {
        return matrix.offsets[static_cast<std::size_t>(row) + 1] -
               matrix.offsets[static_cast<std::size_t>(row)];
    };
    // Short rows are many and their lengths few: a counting sort.
    std::vector<std::int64_t> begin(static_cast<std::size_t>(side.factors.cols) + 2, 0);
    std::size_t direct = 0;
    const auto bucket = [&](std::int64_t row) {
        return static_cast<std::size_t>(side.factors.cols - length(row));
    };
    for (std::int64_t row = 0; row < matrix.rows(); ++row) {
        const std::uint8_t kind = marks[static_cast<std::size_t>(row)];
        if (kind == Planner::dual) ++begin[bucket(row) + 1];
        if (kind == Planner::direct) ++direct;
        if (kind == Planner::empty) std::fill_n(solved.row(row), solved.cols, 0.0F);
    }
    for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
    const auto dual = static_cast<std::size_t>(begin.back());
    scratch.order.resize(direct + dual);
    std::size_t next = 0;
    for (std::int64_t row = 0; row < matrix.rows(); ++row) {
        std::uint8_t& mark = marks[static_cast<std::size_t>(row)];
        if (mark == Planner::direct) scratch.order[next++] = static_cast<std::int32_t>(row);
        if (mark == Planner::dual) {
            const auto at = direct + static_cast<std::size_t>(begin[bucket(row)]++);
            scratch.order[at] = static_cast<std::int32_t>(row);
        }
        mark = mark == Planner::in_double;
    }
    const std::span<std::int32_t> order(scratch.order);
    std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(direct),
              [&](std::int32_t a, std::int32_t b) {
                  return length(a) > length(b) || (length(a) == length(b) && a < b);
              });
    return {order.first(direct), order.subspan(direct)};
}

// Rotates a batch's solution back and stores it; marks the rows that float32 cannot be trusted
// with.
void store_rows(const LaneBatch<float>& batch, const AlsSide::Prepared& side,
                std::span<const std::int32_t> numbers, float least_ratio,
                const LaneWorker<float>& worker, DenseView<float> solved, Marks& marks) {
    const LaneKernels<float>& lanes = lane_kernels<float>();
    float* const rows = worker.unloaded;
    float* const rotated = worker.rotated.data();
    const auto count = static_cast<std::int64_t>(numbers.size());
    lanes.unload(batch.solution, batch.factors, rows, side.stride);
    kernels().solve.multiply(rows, side.stride, count, batch.factors, side.basis_transposed.data(),
                             side.stride, side.stride, rotated, side.stride);
    for (std::int64_t lane = 0; lane < count; ++lane) {
        const std::int32_t row = numbers[static_cast<std::size_t>(lane)];
        std::copy_n(rotated + lane * side.stride, solved.cols, solved.row(row));
        const bool trusted =
            batch.worst[lane] > least_ratio && batch.remaining[lane] > least_remaining &&
            batch.gradient[lane] < greatest_gradient && all_finite(solved.row(row), solved.cols);
        marks[static_cast<std::size_t>(row)] = !trusted;
    }
}

[[noreturn]] void throw_singular(std::int64_t row) {
    throw NumericalError("row " + std::to_string(row) +
                         ": its normal equations are singular, or its weights beyond the range of "
                         "float32; raise `regularization`, or use fewer `factors`");
}

void store_rows(const LaneBatch<double>& batch, std::span<const std::int32_t> numbers,
                const LaneWorker<double>& worker, DenseView<float> solved) {
    const LaneKernels<double>& lanes = lane_kernels<double>();
    double* const rows = worker.unloaded;
    lanes.unload(batch.solution, batch.factors, rows, batch.factors);
    const double least = 4e-16 * static_cast<double>(batch.factors);
    for (std::size_t lane = 0; lane < numbers.size(); ++lane) {
        float* const to = solved.row(numbers[lane]);
        const double* const from = rows + static_cast<std::int64_t>(lane) * batch.factors;
        for (std::int64_t j = 0; j < solved.cols; ++j) to[j] = static_cast<float>(from[j]);
        if (!(batch.worst[lane] > least) || !all_finite(to, solved.cols)) {
            throw_singular(numbers[lane]);
        }
    }
}

}  // namespace

void rotate_to_eigenbasis(AlsSide::Prepared& side, const Execution& execution) {
    const std::int64_t f = side.factors.cols;
    std::vector<double> vectors(side.gram);
    std::vector<double> values(static_cast<std::size_t>(f));
    std::vector<double> work(static_cast<std::size_t>(2 * f + f * f));
    if (!kernels().solve.eigen(vectors.data(), f, values.data(), work.data())) {
        throw NumericalError(
            "the factors of the fixed side are not finite or too large: raise "
            "`regularization` or scale the weights down");
    }
    side.eigenvalues.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        side.eigenvalues[i] =
            static_cast<float>(side.options.unobserved_weight * std::max(values[i], 0.0));
    }
    float* const basis = side.basis.reserve(f * side.stride);
    float* const transposed = side.basis_transposed.reserve(f * side.stride);
    std::fill_n(basis, f * side.stride, 0.0F);
    std::fill_n(transposed, f * side.stride, 0.0F);
    for (std::int64_t i = 0; i < f; ++i) {
        for (std::int64_t j = 0; j < f; ++j) {
            const auto element = static_cast<float>(vectors[static_cast<std::size_t>(i * f + j)]);
            transposed[i * side.stride + j] = element;
            basis[j * side.stride + i] = element;
        }
    }
    float* const table = side.copy.reserve(side.factors.rows * side.stride);
    const std::int64_t grain = std::max<std::int64_t>(64, 20'000'000 / (2 * f * side.stride));
    std::vector<float> squares(static_cast<std::size_t>(side.factors.rows));
    parallel_for(
        side.factors.rows, grain, execution, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t row = begin; row < end; ++row) {
                const float* const factors = side.factors.row(row);
                squares[static_cast<std::size_t>(row)] = kernels().dot(factors, factors, f);
            }
            kernels().solve.multiply(side.factors.row(begin), f, end - begin, f, basis, side.stride,
                                     side.stride, table + begin * side.stride, side.stride);
        });
    side.table = table;
    side.greatest_square = 0;
    for (const float square : squares) {
        side.greatest_square = std::max(side.greatest_square, square);
    }
}

void solve_exactly(const CsrView<const float>& matrix, const AlsSide::Prepared& side,
                   DenseView<float> solved, AlsScratch::Workers& scratch,
                   const Execution& execution) {
    const LaneKernels<float>& lanes = lane_kernels<float>();
    const Plan rows = plan(matrix, side, solved, scratch, execution);
    const std::int64_t direct = batches_of(rows.direct, lanes.width);
    const std::int64_t batches = direct + batches_of(rows.dual, lanes.width);
    const std::int64_t f = side.factors.cols;
    const std::int64_t grain = std::max<std::int64_t>(1, 20'000'000 / (f * f * f * lanes.width));
    const std::int64_t entries = std::max(lane_chunk, padded(longest_dual(f)));
    const LaneRoom room{entries, padded(f) * entries, std::max(padded(f), entries)};
    const int workers = worker_count(batches, grain, execution);
    scratch.lanes.resize(std::max(scratch.lanes.size(), static_cast<std::size_t>(workers)));
    parallel_for(batches, grain, execution, [&](std::int64_t begin, std::int64_t end, int index) {
        LaneWorker<float>& worker = scratch.lanes[static_cast<std::size_t>(index)];
        LaneBatch<float> batch = lay_out(worker, room, f, side.stride);
        batch.table = side.table;
        batch.alpha = static_cast<float>(side.options.alpha);
        batch.unobserved = static_cast<float>(side.options.unobserved_weight);
        batch.diagonal = side.eigenvalues.data();
        batch.greatest_square = side.greatest_square;
        for (std::int64_t i = begin; i < end; ++i) {
            const auto numbers = i < direct ? part(rows.direct, i, lanes.width)
                                            : part(rows.dual, i - direct, lanes.width);
            load_rows<float>(matrix, side.options, numbers, worker.rows);
            (i < direct ? lanes.direct : lanes.dual)(batch);
            store_rows(batch, side, numbers,
                       i < direct ? least_pivot_ratio : least_dual_pivot_ratio, worker, solved,
                       scratch.marks);
        }
    });
}

void solve_marked_in_double(const CsrView<const float>& matrix, const AlsSide::Prepared& side,
                            DenseView<float> solved, AlsScratch::Workers& scratch,
                            const Execution& execution) {
    scratch.order.clear();
    for (std::size_t row = 0; row < scratch.marks.size(); ++row) {
        if (scratch.marks[row]) scratch.order.push_back(static_cast<std::int32_t>(row));
    }
    if (scratch.order.empty()) return;
    const LaneKernels<double>& lanes = lane_kernels<double>();
    const std::span<const std::int32_t> rows(scratch.order);
    const std::int64_t f = side.factors.cols;
    std::vector<double> shared(static_cast<std::size_t>(f * f));
    gram(side.factors, scratch.gram, execution, std::span<double>(shared));
    for (double& element : shared) element *= side.options.unobserved_weight;
    const std::int64_t batches = batches_of(rows, lanes.width);
    const LaneRoom room{lane_chunk, padded(f) * lane_chunk, padded(f)};
    const int workers = worker_count(batches, 1, execution);
    scratch.lanes_double.resize(
        std::max(scratch.lanes_double.size(), static_cast<std::size_t>(workers)));
    parallel_for(batches, 1, execution, [&](std::int64_t begin, std::int64_t end, int index) {
        LaneWorker<double>& worker = scratch.lanes_double[static_cast<std::size_t>(index)];
        LaneBatch<double> batch = lay_out(worker, room, f, f);
        batch.table = side.factors.data;
        batch.alpha = side.options.alpha;
        batch.unobserved = side.options.unobserved_weight;
        batch.gram = shared.data();
        batch.gram_stride = f;
        for (std::int64_t i = begin; i < end; ++i) {
            const auto numbers = part(rows, i, lanes.width);
            load_rows<double>(matrix, side.options, numbers, worker.rows);
            lanes.direct(batch);
            store_rows(batch, numbers, worker, solved);
        }
    });
}

}  // namespace pyrec::detail
