// Non-owning views of the two shapes of data that every kernel takes: dense and sparse rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pyrec {

// Rows of a C-contiguous matrix.
template <class T>
struct DenseView {
    T* data = nullptr;
    std::int64_t rows = 0;
    std::int64_t cols = 0;

    T* row(std::int64_t i) const noexcept { return data + i * cols; }
};

// One row of a sparse matrix: columns in increasing order, each with its value.
template <class T>
struct SparseRow {
    std::span<const std::int32_t> columns;
    std::span<T> values;

    std::size_t size() const noexcept { return columns.size(); }
};

// Compressed sparse rows. Offsets are always 64-bit, so a matrix may hold more than 2^31 entries.
// Kernels trust what csr.hpp's validate() has checked: offsets start at 0 and never decrease, and
// columns are strictly increasing within a row, at least 0 and less than `cols`. A view of a bare
// pattern (lists of rows to exclude, say) leaves `values` empty.
template <class T>
struct CsrView {
    std::span<const std::int64_t> offsets;
    std::span<const std::int32_t> columns;
    std::span<T> values;
    std::int64_t cols = 0;

    // A default-constructed view, which has no offsets at all, has no rows.
    std::int64_t rows() const noexcept {
        return offsets.empty() ? 0 : static_cast<std::int64_t>(offsets.size()) - 1;
    }
    std::int64_t nnz() const noexcept { return static_cast<std::int64_t>(columns.size()); }

    SparseRow<T> row(std::int64_t i) const noexcept {
        const auto r = static_cast<std::size_t>(i);
        const auto begin = static_cast<std::size_t>(offsets[r]);
        const auto size = static_cast<std::size_t>(offsets[r + 1]) - begin;
        return {columns.subspan(begin, size),
                values.empty() ? std::span<T>{} : values.subspan(begin, size)};
    }
};

}  // namespace pyrec
