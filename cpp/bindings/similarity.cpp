#include "pyrec/similarity.hpp"

#include <limits>
#include <string>

#include "bindings.hpp"
#include "csr.hpp"
#include "pyrec/errors.hpp"
#include "pyrec/runtime.hpp"

namespace pyrec::bindings {

namespace {

Denominator denominator_named(const std::string& name) {
    if (name == "none") return Denominator::none;
    if (name == "product") return Denominator::product;
    if (name == "combined") return Denominator::combined;
    throw InvalidInput("denominator: '" + name + "' is not none, product or combined");
}

Array<double> row_norms_(const Csr& matrix) {
    Array<double> norms(matrix.rows());
    const auto view = matrix.view();
    const auto to = as_mutable_span(norms);
    without_gil([&] { row_norms(view, to); });
    return norms;
}

py::tuple find_neighbors_(const Csr& rows, const Array<float>& row_weights, const Csr& columns,
                          const Array<float>& column_weights, const Array<std::int32_t>& selves,
                          std::int64_t k, const std::string& denominator, float shrink,
                          float threshold, bool pattern, bool mutual, int threads) {
    const auto row_view = rows.view();
    const auto column_view = columns.view();
    if (row_view.cols != column_view.rows() || row_weights.size() != row_view.rows() ||
        column_weights.size() != column_view.cols ||
        (selves.size() != 0 && selves.size() != row_view.rows()) ||
        (mutual && (selves.size() != column_view.cols || row_view.nnz() != column_view.nnz()))) {
        throw InvalidInput("rows, columns and their weights do not fit together");
    }
    const NeighborOptions options{std::min(k, column_view.cols),
                                  denominator_named(denominator),
                                  shrink,
                                  threshold,
                                  pattern,
                                  mutual};
    Array<std::int64_t> offsets(row_view.rows() + 1);
    const auto to_offsets = as_mutable_span(offsets);
    const auto run = execution(threads);
    without_gil([&] { bound_neighbors(row_view, column_view, options.k, run, to_offsets); });
    require_memory(8.0 * static_cast<double>(to_offsets.back()), "neighbours");
    Array<std::int32_t> neighbors(to_offsets.back());
    Array<float> similarities(to_offsets.back());
    const auto to_neighbors = as_mutable_span(neighbors);
    const auto to_similarities = as_mutable_span(similarities);
    const auto from_row_weights = as_span(row_weights);
    const auto from_column_weights = as_span(column_weights);
    const auto from_selves = as_span(selves);
    without_gil([&] {
        find_neighbors(row_view, from_row_weights, column_view, from_column_weights, from_selves,
                       options, run, to_offsets, to_neighbors, to_similarities);
    });
    neighbors.resize({to_offsets.back()}, false);
    similarities.resize({to_offsets.back()}, false);
    return py::make_tuple(offsets, neighbors, similarities);
}

}  // namespace

void bind_similarity(py::module_& module) {
    module.def("row_norms", &row_norms_, py::arg("matrix"));
    module.def("find_neighbors", &find_neighbors_, py::arg("rows"),
               py::arg("row_weights").noconvert(), py::arg("columns"),
               py::arg("column_weights").noconvert(), py::arg("selves").noconvert(), py::kw_only(),
               py::arg("k"), py::arg("denominator"), py::arg("shrink"),
               py::arg("threshold") = -std::numeric_limits<float>::infinity(), py::arg("pattern"),
               py::arg("mutual") = false, py::arg("threads"));
}

}  // namespace pyrec::bindings
