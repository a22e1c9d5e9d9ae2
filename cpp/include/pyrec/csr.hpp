// Sparse matrices: the one place where their structure is checked, and their transpose.
#pragma once

#include <cstdint>
#include <span>

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
               std::span<std::int64_t> positions);

}  // namespace pyrec
