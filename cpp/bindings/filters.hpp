// What the scoring functions share: which items may appear, and lists as a result.
#pragma once

#include <pybind11/stl.h>

#include <optional>

#include "arrays.hpp"
#include "csr.hpp"
#include "pyrec/runtime.hpp"
#include "pyrec/scoring.hpp"

namespace pyrec::bindings {

using Bits = Array<std::uint64_t>;

inline Filter filter_of(const Csr* exclude, const std::optional<Bits>& allowed) {
    return {exclude ? exclude->view() : CsrView<const float>{},
            allowed ? as_span(*allowed) : std::span<const std::uint64_t>{}};
}

// Allocates lists of k for n users, fills them without the GIL and returns them as a tuple.
template <class Fill>
py::tuple lists(std::int64_t n, std::int64_t k, Fill&& fill) {
    require_memory(8.0 * static_cast<double>(n) * static_cast<double>(k), "lists");
    Array<std::int32_t> rows({n, k});
    Array<float> scores({n, k});
    const auto to_rows = as_mutable_span(rows);
    const auto to_scores = as_mutable_span(scores);
    without_gil([&] { fill(to_rows, to_scores); });
    return py::make_tuple(rows, scores);
}

}  // namespace pyrec::bindings
