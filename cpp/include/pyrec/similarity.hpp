// The most similar columns of each row: a sparse product and the k best entries of its rows, of
// which only those are ever stored.
//
// The dot product of a row and a column, both sparse, is divided by a denominator that their
// weights give; which weights make which measure (cosine, Jaccard, ...) is the caller's business.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

enum class Denominator {
    none,      // 1: the dot product itself
    product,   // row weight * column weight + shrink: cosine, with norms as weights
    combined,  // row weight + column weight - dot + shrink: Jaccard, with counts as weights
};

struct NeighborOptions {
    std::int64_t k = 0;
    Denominator denominator = Denominator::none;
    float shrink = 0;
    float threshold = -std::numeric_limits<float>::infinity();  // only what exceeds it is kept
    bool pattern = false;  // every stored entry counts as 1; values are not read
    // Rows and columns are the same things: `rows` is the transpose of `columns`, and each row is
    // its own self. Then a pair may be counted once, for both.
    bool mutual = false;
};

// The Euclidean norm of every row, summed in double.
void row_norms(const CsrView<const float>& matrix, std::span<double> norms);

// Room for the neighbours: at most offsets[i + 1] - offsets[i] for row i.
void bound_neighbors(const CsrView<const float>& rows, const CsrView<const float>& columns,
                     std::int64_t k, const Execution& execution, std::span<std::int64_t> offsets);

// For each row of `rows` (n x d) the k columns of `columns` (d x m) of highest similarity, ties to
// the lower column, written in column order. A similarity of exactly zero is never a neighbour,
// nor one that does not exceed the threshold; negative ones are ranked like any other. `selves` has
// for each row the column that is the row itself and so no neighbour; or it is empty. Takes
// offsets from bound_neighbors and leaves the true ones; the first offsets[n] entries of the
// outputs are then filled.
//
// The sums of a pair run over d in increasing order with multiplication and addition rounded
// apart, so that results have the same bits for any number of threads and at every SIMD level, and
// the similarity of a and b is that of b and a.
void find_neighbors(const CsrView<const float>& rows, std::span<const float> row_weights,
                    const CsrView<const float>& columns, std::span<const float> column_weights,
                    std::span<const std::int32_t> selves, const NeighborOptions& options,
                    const Execution& execution, std::span<std::int64_t> offsets,
                    std::span<std::int32_t> neighbors, std::span<float> similarities);

}  // namespace pyrec
