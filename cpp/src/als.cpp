#include "pyrec/als.hpp"

#include <algorithm>

#include "cholesky.hpp"
#include "conjugate_gradient.hpp"
#include "least_squares.hpp"
#include "simd/kernels.hpp"
#include "subspace.hpp"

namespace pyrec {

namespace {

using detail::kernels;

// Blocks of all factors are the exact solver's work. As many steps of conjugate gradients as there
// are factors would end at the minimum, too, if float32 did not lose the conjugacy of the
// directions on the way.
AlsSolver solver_in_use(const AlsOptions& options, std::int64_t factors) {
    const bool all = options.solver == AlsSolver::subspace ? options.block_size >= factors
                                                           : options.cg_steps >= factors;
    return all ? AlsSolver::exact : options.solver;
}

void prepare_table(AlsSide::Prepared& side, const Execution& execution) {
    const DenseView<const float> factors = side.factors;
    const bool aligned = reinterpret_cast<std::uintptr_t>(factors.data) % 64 == 0;
    if (aligned && factors.cols == side.stride) {
        side.table = factors.data;
        return;
    }
    float* const copy = side.copy.reserve(factors.rows * side.stride);
    parallel_for(factors.rows, 4096, execution, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t row = begin; row < end; ++row) {
            float* const to = copy + row * side.stride;
            std::copy_n(factors.row(row), factors.cols, to);
            std::fill(to + factors.cols, to + side.stride, 0.0F);
        }
    });
    side.table = copy;
}

void scale_gram(AlsSide::Prepared& side) {
    const std::int64_t f = side.factors.cols;
    // An odd number of cache lines from row to row: at a power of two, what a product reads of
    // 1,024 rows falls into a few sets of the cache, and it took 1.4 times as long.
    side.gram_stride = side.stride | 16;
    const std::int64_t size = side.stride * side.gram_stride;
    float* const scaled = side.scaled_gram.reserve(size);
    std::fill_n(scaled, size, 0.0F);
    for (std::int64_t i = 0; i < f; ++i) {
        for (std::int64_t j = 0; j < f; ++j) {
            const double element = side.gram[static_cast<std::size_t>(i * f + j)];
            scaled[i * side.gram_stride + j] =
                static_cast<float>(side.options.unobserved_weight * element);
        }
    }
}

}  // namespace

AlsSide::AlsSide(const AlsOptions& options) : prepared_(std::make_unique<Prepared>()) {
    prepared_->options = options;
}
AlsSide::~AlsSide() = default;
AlsSide::AlsSide(AlsSide&&) noexcept = default;
AlsSide& AlsSide::operator=(AlsSide&&) noexcept = default;

AlsScratch::AlsScratch() : workers_(std::make_unique<Workers>()) {}
AlsScratch::~AlsScratch() = default;
AlsScratch::AlsScratch(AlsScratch&&) noexcept = default;
AlsScratch& AlsScratch::operator=(AlsScratch&&) noexcept = default;

void AlsSide::prepare(DenseView<const float> factors, const Execution& execution) {
    Prepared& side = *prepared_;
    side.factors = factors;
    side.solver = solver_in_use(side.options, factors.cols);
    side.stride = detail::padded_stride(factors.cols);
    side.gram.resize(static_cast<std::size_t>(factors.cols * factors.cols));
    detail::gram(factors, side.gram_scratch, execution, side.gram);
    if (side.solver == AlsSolver::exact) {
        detail::rotate_to_eigenbasis(side, execution);
    } else {
        scale_gram(side);
        prepare_table(side, execution);
    }
}

void als_solve(const CsrView<const float>& matrix, const AlsSide& side, DenseView<float> solved,
               AlsScratch& scratch, const Execution& execution) {
    AlsScratch::Workers& workers = scratch.workers();
    workers.marks.assign(static_cast<std::size_t>(matrix.rows()), 0);
    const AlsSide::Prepared& fixed = side.prepared();
    switch (fixed.solver) {
        case AlsSolver::exact:
            detail::solve_exactly(matrix, fixed, solved, workers, execution);
            break;
        case AlsSolver::conjugate_gradient:
            detail::solve_by_conjugate_gradient(matrix, fixed, solved, workers, execution);
            break;
        case AlsSolver::subspace:
            detail::solve_by_subspaces(matrix, fixed, solved, workers, execution);
            break;
    }
    detail::solve_marked_in_double(matrix, fixed, solved, workers, execution);
}

namespace {

double observed_part(const CsrView<const float>& matrix, std::int64_t row, const float* user,
                     DenseView<const float> items, const AlsOptions& options) {
    const auto entries = matrix.row(row);
    double sum = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const double confidence = options.alpha * static_cast<double>(entries.values[i]);
        const double score =
            static_cast<double>(kernels().dot(user, items.row(entries.columns[i]), items.cols));
        const double miss = (confidence > 0 ? 1 : 0) - score;
        sum += std::abs(confidence) * miss * miss - options.unobserved_weight * score * score;
    }
    return sum;
}

// The penalty of one row's factors; none for zero factors, whatever lambda.
double penalized(const AlsOptions& options, std::int64_t observed, std::int64_t others,
                 const float* row, std::int64_t cols) {
    double squares = 0;
    for (std::int64_t j = 0; j < cols; ++j) {
        squares += static_cast<double>(row[j]) * static_cast<double>(row[j]);
    }
    return squares == 0 ? 0 : squares * detail::penalty(options, observed, others);
}

double item_penalties(const CsrView<const float>& matrix, DenseView<const float> items,
                      const AlsOptions& options) {
    std::vector<std::int64_t> counts(static_cast<std::size_t>(matrix.cols), 0);
    for (const std::int32_t column : matrix.columns) ++counts[static_cast<std::size_t>(column)];
    double sum = 0;
    for (std::int64_t item = 0; item < items.rows; ++item) {
        sum += penalized(options, counts[static_cast<std::size_t>(item)], matrix.rows(),
                         items.row(item), items.cols);
    }
    return sum;
}

}  // namespace

double als_objective(const CsrView<const float>& matrix, DenseView<const float> users,
                     DenseView<const float> items, const AlsOptions& options,
                     const Execution& execution) {
    // The sum over all pairs of (u.v)^2 is the inner product of the two Gram matrices.
    const auto size = static_cast<std::size_t>(users.cols * users.cols);
    std::vector<double> user_gram(size);
    std::vector<double> item_gram(size);
    detail::GramScratch<double> scratch;
    detail::gram(users, scratch, execution, std::span<double>(user_gram));
    detail::gram(items, scratch, execution, std::span<double>(item_gram));
    double all_pairs = 0;
    for (std::size_t i = 0; i < size; ++i) all_pairs += user_gram[i] * item_gram[i];

    constexpr std::int64_t block = 512;
    const std::int64_t blocks = (matrix.rows() + block - 1) / block;
    std::vector<double> parts(static_cast<std::size_t>(blocks), 0.0);
    parallel_for(blocks, 1, execution, [&](std::int64_t begin, std::int64_t, int) {
        double& sum = parts[static_cast<std::size_t>(begin)];
        const std::int64_t end = std::min((begin + 1) * block, matrix.rows());
        for (std::int64_t row = begin * block; row < end; ++row) {
            const auto observed = static_cast<std::int64_t>(matrix.row(row).size());
            sum += observed_part(matrix, row, users.row(row), items, options) +
                   penalized(options, observed, matrix.cols, users.row(row), users.cols);
        }
    });
    double sum = options.unobserved_weight * all_pairs + item_penalties(matrix, items, options);
    for (const double part : parts) sum += part;
    return sum;
}

}  // namespace pyrec
