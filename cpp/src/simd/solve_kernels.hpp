// What least squares needs of an instruction set: products of small dense matrices, conjugate
// gradients for a batch of rows, and Cholesky factorization of several systems side by side.
//
// Matrices that kernels share have a stride (elements from row to row) that is a multiple of 16,
// and zeros between the number of factors and the stride, so that no loop has a remainder.
#pragma once

#include <cstdint>

namespace pyrec::detail {

// One sparse row whose factors conjugate gradients look for.
struct CgRow {
    const std::int32_t* columns;
    const float* values;
    std::int64_t count;
    float ridge;
    bool failed;  // set where float32 has lost the digits that matter
};

// Rows of a batch at most.
inline constexpr int most_cg_rows = 256;

// Rows that share the products with the Gram matrix. The right side of row i is the sum of
// max(c, 0) v over its entries, its matrix gram + ridge I + the sum of (|c| - unobserved) v v^T,
// where c = alpha value and v is the column's row of `table`; `gram` is scaled by `unobserved`.
struct CgBatch {
    CgRow* rows;
    int count;
    // Rows whose factors do not fit the cache are visited in step, block by block of the table: the
    // entries of row i in block b are those from stops[i (blocks + 1) + b] to the next stop. Else
    // `stops` is null, there is one block, and the rows follow one another in the matrix.
    const std::int32_t* stops;
    std::int64_t blocks;
    std::int64_t block_rows;
    const float* table;
    std::int64_t table_rows;
    const float* nothing;  // a row of zeros
    const float* gram;
    std::int64_t gram_stride;
    std::int64_t stride;
    float alpha;
    float unobserved;
    int steps;
    float* solution;                      // count x stride: from the warm start to the result
    float *residual, *direction, *image;  // scratch, count x stride each
};

// One sparse row of a batch that is solved exactly.
struct LaneRow {
    const std::int32_t* columns;
    const float* values;
    std::int64_t count;
    double ridge;
};

// As many symmetric systems as a vector of T has lanes, solved side by side. The systems are those
// of CgBatch; the matrix common to all rows is `gram` or, if that is null, diagonal.
template <class T>
struct LaneBatch {
    const LaneRow* rows;  // one per lane; a lane without a row has count 0
    const float* table;
    const float* nothing;  // a row of zeros
    std::int64_t stride;
    std::int64_t factors;
    T alpha;
    T unobserved;
    const T* gram;  // factors x factors, `gram_stride` from row to row
    std::int64_t gram_stride;
    const T* diagonal;   // factors
    T greatest_square;   // of the norms of the rows of `table`
    std::int64_t block;  // of `subspace`: factors that are solved at a time, a multiple of 16
    // Scratch, in vectors: `lane_chunk` (or, but for the direct solver, all) entries each for the
    // first five.
    const float** entries;
    T *confidences, *scales, *targets, *negatives;
    T *panel, *lower, *column_scales, *change;
    T* solution;  // out (of `subspace`, in too): a vector per factor, padded to a multiple of four
    // Out, one vector each: the least ratio of a pivot to the diagonal element it came from; the
    // least part that negative weights left of a diagonal element; and the square of the gradient's
    // norm relative to that of the right side, as measured where a pivot ratio of the dual is
    // doubtful, elsewhere as cancellation within the right side makes it.
    T *worst, *remaining, *gradient;
};

// The dual system loses more digits than one such as the direct one would: below this ratio, which
// trained factors do not come near, the solution is put to the test.
inline constexpr float doubtful_pivot_ratio = 0.1F;

// Entries that the direct solver takes at a time.
inline constexpr std::int64_t lane_chunk = 32;

template <class T>
struct LaneKernels {
    int width;
    // By the factors x factors normal equations.
    void (*direct)(LaneBatch<T>& batch);
    // By the Woodbury identity: systems of the size of a row. For |c| >= unobserved only.
    void (*dual)(LaneBatch<T>& batch);
    // By one sweep over the blocks of factors, from where `solution` stands; `gram` is needed.
    void (*subspace)(LaneBatch<T>& batch);
    // Turns rows into the vectors of a solution, and back.
    void (*load)(const T* rows, std::int64_t factors, std::int64_t stride, T* solution);
    void (*unload)(const T* solution, std::int64_t factors, T* rows, std::int64_t stride);
};

struct SolveKernels {
    // out (rows x columns) = a (rows x inner) b (inner x columns); columns is a multiple of 16.
    void (*multiply)(const float* a, std::int64_t a_stride, std::int64_t rows, std::int64_t inner,
                     const float* b, std::int64_t b_stride, std::int64_t columns, float* out,
                     std::int64_t out_stride);
    // out (stride x stride, upper half) += rows^T rows. `packed` has room for gram_chunk x stride.
    void (*gram)(const float* rows, std::int64_t count, std::int64_t factors, std::int64_t stride,
                 float* packed, float* out);
    void (*gram_double)(const float* rows, std::int64_t count, std::int64_t factors,
                        std::int64_t stride, double* packed, double* out);
    // Eigenvalues of a symmetric matrix (n x n), in no order, and its eigenvectors as rows in its
    // place. `work` has room for 2 n + n n. False if the iteration does not converge.
    bool (*eigen)(double* matrix, std::int64_t n, double* values, double* work);
    void (*conjugate_gradient)(CgBatch& batch);
    LaneKernels<float> lanes;
    LaneKernels<double> lanes_double;
};

// Rows that `gram` takes at a time.
inline constexpr std::int64_t gram_chunk = 128;

}  // namespace pyrec::detail
