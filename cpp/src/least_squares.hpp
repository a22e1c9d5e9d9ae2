// What the solvers of ALS share: the weights of the objective, and the states behind the opaque
// types of als.hpp.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "aligned.hpp"
#include "gram.hpp"
#include "pyrec/als.hpp"
#include "simd/solve_kernels.hpp"

namespace pyrec {

namespace detail {

// lambda of a row with `observed` pairs out of `others`.
inline double penalty(const AlsOptions& options, std::int64_t observed, std::int64_t others) {
    const double weight =
        static_cast<double>(observed) + options.unobserved_weight * static_cast<double>(others);
    return options.regularization * std::pow(weight, options.regularization_exponent);
}

// Rows to be solved again in double precision.
using Marks = std::vector<std::uint8_t>;

template <class T>
struct LaneWorker {
    AlignedBuffer<T> memory;
    T* unloaded = nullptr;  // in `memory`: the solution of a batch, as rows
    std::vector<const float*> entries;
    std::vector<LaneRow> rows;
    AlignedBuffer<float> rotated;
};

struct RowRange {
    std::int32_t first, last;
};

// Which rows conjugate gradients solve together.
struct CgPlan {
    std::vector<RowRange> batches;
    std::vector<std::int32_t> long_rows;
};

struct CgWorker {
    AlignedBuffer<float> memory;
    std::vector<CgRow> rows;
    std::vector<std::int32_t> numbers;
    std::vector<std::int32_t> stops;
};

}  // namespace detail

struct AlsSide::Prepared {
    AlsOptions options;
    AlsSolver solver = AlsSolver::exact;  // the one in use
    DenseView<const float> factors;
    std::int64_t stride = 0;
    std::vector<double> gram;

    // The factors as the kernels want them: aligned, padded, and for the exact solver in the basis
    // in which the Gram matrix is diagonal. Points into `copy` or, if they are so already, to
    // `factors`.
    const float* table = nullptr;
    detail::AlignedBuffer<float> copy;
    detail::GramScratch<float> gram_scratch;

    // Conjugate gradients and blocks: unobserved_weight times the Gram matrix, stride x stride,
    // gram_stride from row to row.
    detail::AlignedBuffer<float> scaled_gram;
    std::int64_t gram_stride = 0;

    // Exact: the eigenvalues times unobserved_weight, and the eigenvectors as columns and as rows.
    std::vector<float> eigenvalues;
    float greatest_square = 0;  // of the norms of the factors' rows
    detail::AlignedBuffer<float> basis;
    detail::AlignedBuffer<float> basis_transposed;
};

struct AlsScratch::Workers {
    detail::Marks marks;
    std::vector<std::int32_t> order;
    detail::CgPlan cg_plan;
    std::vector<detail::CgWorker> cg;
    std::vector<detail::LaneWorker<float>> lanes;
    std::vector<detail::LaneWorker<double>> lanes_double;
    detail::GramScratch<double> gram;
};

}  // namespace pyrec
