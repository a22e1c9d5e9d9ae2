#include "gram.hpp"

#include <algorithm>

#include "simd/kernels.hpp"

namespace pyrec::detail {

namespace {

// Rows of a block: a function of the shape alone, never of the threads. Few blocks, because each
// needs a matrix of its own, but enough of them to keep many threads busy.
std::int64_t block_rows(std::int64_t rows, std::int64_t stride) {
    constexpr std::int64_t least_rows = 1024;
    constexpr std::int64_t room = 1 << 22;  // elements of all blocks together
    const std::int64_t blocks = std::clamp<std::int64_t>(room / (stride * stride), 8, 64);
    return std::max(least_rows, (rows + blocks - 1) / blocks);
}

template <class T>
auto gram_kernel() {
    if constexpr (sizeof(T) == sizeof(float)) {
        return kernels().solve.gram;
    } else {
        return kernels().solve.gram_double;
    }
}

}  // namespace

template <class T>
void gram(DenseView<const float> factors, GramScratch<T>& scratch, const Execution& execution,
          std::span<double> out) {
    const std::int64_t stride = padded_stride(factors.cols);
    const std::int64_t rows = block_rows(factors.rows, stride);
    const std::int64_t blocks = (factors.rows + rows - 1) / rows;
    T* const sums = scratch.blocks.reserve(blocks * stride * stride);
    const std::int64_t room = gram_chunk * stride;
    T* const packed = scratch.packed.reserve(worker_count(blocks, 1, execution) * room);
    const auto kernel = gram_kernel<T>();
    parallel_for(blocks, 1, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
        for (std::int64_t block = begin; block < end; ++block) {
            T* const sum = sums + block * stride * stride;
            std::fill_n(sum, stride * stride, T{0});
            const std::int64_t first = block * rows;
            kernel(factors.row(first), std::min(rows, factors.rows - first), factors.cols, stride,
                   packed + worker * room, sum);
        }
    });
    for (std::int64_t i = 0; i < factors.cols; ++i) {
        double* const row = out.data() + i * factors.cols;
        std::fill(row + i, row + factors.cols, 0.0);
        for (std::int64_t block = 0; block < blocks; ++block) {
            const T* const sum = sums + (block * stride + i) * stride;
            for (std::int64_t j = i; j < factors.cols; ++j) row[j] += static_cast<double>(sum[j]);
        }
        for (std::int64_t j = i + 1; j < factors.cols; ++j)
            out[static_cast<std::size_t>(j * factors.cols + i)] = row[j];
    }
}

template void gram<float>(DenseView<const float>, GramScratch<float>&, const Execution&,
                          std::span<double>);
template void gram<double>(DenseView<const float>, GramScratch<double>&, const Execution&,
                           std::span<double>);

}  // namespace pyrec::detail
