#include "pyrec/ridge.hpp"

#include "bindings.hpp"
#include "csr.hpp"
#include "pyrec/errors.hpp"

namespace pyrec::bindings {

namespace {

Array<float> solve_ridge_(const Csr& matrix, const Array<float>& table, const Array<float>& base,
                          double ridge, int threads) {
    const auto view = matrix.view();
    const auto from_table = as_matrix(table, "table");
    if (from_table.rows != view.cols || base.size() != view.cols) {
        throw InvalidInput("matrix, table and base do not fit together");
    }
    Array<float> solved({view.rows(), from_table.cols});
    const auto to = as_mutable_matrix(solved, "solved");
    const auto from_base = as_span(base);
    const auto run = execution(threads);
    without_gil([&] { solve_ridge(view, from_table, from_base, ridge, run, to); });
    return solved;
}

}  // namespace

void bind_ridge(py::module_& module) {
    module.def("solve_ridge", &solve_ridge_, py::arg("matrix"), py::arg("table").noconvert(),
               py::arg("base").noconvert(), py::kw_only(), py::arg("ridge"), py::arg("threads"));
}

}  // namespace pyrec::bindings
