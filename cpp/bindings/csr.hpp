// Csr: the Python object that holds a validated sparse matrix. Holding one proves it is valid.
#pragma once

#include "arrays.hpp"

namespace pyrec::bindings {

class Csr {
public:
    // Checks everything (see pyrec/csr.hpp); there is no other way to get a Csr.
    Csr(Array<std::int64_t> offsets, Array<std::int32_t> columns, Array<float> values,
        std::int64_t cols);

    CsrView<const float> view() const {
        return {as_span(offsets), as_span(columns), as_span(values), cols};
    }
    std::int64_t rows() const { return offsets.size() - 1; }

    Csr transposed(int threads = 1) const;
    Csr take(const Array<std::int32_t>& chosen) const;
    Csr take_columns(const Array<std::int32_t>& chosen) const;
    // The sum, and where in it the entries of both are.
    py::tuple plus(const Csr& other) const;
    Csr united(const Csr& other) const;

    const Array<std::int64_t> offsets;
    const Array<std::int32_t> columns;
    const Array<float> values;
    const std::int64_t cols;
};

}  // namespace pyrec::bindings
