// factors^T factors. The same bits for any number of threads.
#pragma once

#include <span>

#include "aligned.hpp"
#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec::detail {

template <class T>
struct GramScratch {
    AlignedBuffer<T> blocks;
    AlignedBuffer<T> packed;
};

// Writes factors^T factors (cols x cols) in the arithmetic of T, float or double; blocks of rows
// are added in double.
template <class T>
void gram(DenseView<const float> factors, GramScratch<T>& scratch, const Execution& execution,
          std::span<double> out);

// The distance from row to row in memory that kernels work on.
inline std::int64_t padded_stride(std::int64_t factors) { return (factors + 15) / 16 * 16; }

}  // namespace pyrec::detail
