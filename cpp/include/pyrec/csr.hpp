// Sparse matrices: the one place where their structure is checked, and what rearranges them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

// Throws InvalidInput, naming the first offending row and entry, unless the view obeys the rules
// that views.hpp states and all its values are finite.
void validate(const CsrView<const float>& matrix);

// Writes the transpose: offsets (cols + 1), rows as columns, and, when given, the values and the
// position that each entry has in `matrix` (to carry further aligned arrays along).
void transpose(const CsrView<const float>& matrix, std::span<std::int64_t> offsets,
               std::span<std::int32_t> columns, std::span<float> values,
               std::span<std::int64_t> positions, const Execution& execution = {});

// Writes the chosen rows, in the order given, as a new matrix. `offsets` is (rows.size() + 1) and
// already filled by take_offsets(); `columns` and `values` hold offsets.back() entries.
void take_offsets(const CsrView<const float>& matrix, std::span<const std::int32_t> rows,
                  std::span<std::int64_t> offsets);
void take_rows(const CsrView<const float>& matrix, std::span<const std::int32_t> rows,
               std::span<const std::int64_t> offsets, std::span<std::int32_t> columns,
               std::span<float> values);

// Writes the chosen columns, in the order given, as rows: those rows of the transpose, without the
// others. Each may be chosen once. `offsets` is (chosen.size() + 1) and already filled by
// take_column_offsets(); `columns` and `values` hold offsets.back() entries.
void take_column_offsets(const CsrView<const float>& matrix, std::span<const std::int32_t> chosen,
                         std::span<std::int64_t> offsets);
void take_columns(const CsrView<const float>& matrix, std::span<const std::int32_t> chosen,
                  std::span<const std::int64_t> offsets, std::span<std::int32_t> columns,
                  std::span<float> values);

// What the sum of two matrices consists of, but for its offsets.
struct Sum {
    std::vector<std::int32_t> columns;
    std::vector<float> values;
    std::vector<std::int64_t> places;        // of the first one's entries among these
    std::vector<std::int64_t> other_places;  // of the second one's
};

// Returns a + b and writes its offsets; `b` has as many rows and columns or more, and so has the
// sum. Costs a copy of `a` where `b` has few entries.
Sum add(const CsrView<const float>& a, const CsrView<const float>& b,
        std::span<std::int64_t> offsets);

// Returns the columns of the pattern of a or b, two matrices of one shape, and writes its offsets.
std::vector<std::int32_t> unite(const CsrView<const float>& a, const CsrView<const float>& b,
                                std::span<std::int64_t> offsets);

}  // namespace pyrec
