#include "pyrec/explain.hpp"

#include "als_side.hpp"
#include "bindings.hpp"
#include "csr.hpp"
#include "pyrec/errors.hpp"

namespace pyrec::bindings {

namespace {

// Lists in, and the arrays of their reasons.
struct Explained {
    Explained(const Csr& histories, const Array<std::int32_t>& lists_, std::int64_t k)
        : lists(as_matrix(lists_, "lists")),
          rows({lists.rows * lists.cols, k}),
          contributions({lists.rows * lists.cols, k}),
          totals(lists.rows * lists.cols),
          reasons{as_mutable_matrix(rows, "rows"), as_mutable_matrix(contributions, "rows"),
                  as_mutable_span(totals)} {
        if (histories.view().rows() != lists.rows) {
            throw InvalidInput("histories and lists do not fit together");
        }
    }

    py::tuple found() const { return py::make_tuple(rows, contributions, totals); }

    DenseView<const std::int32_t> lists;
    Array<std::int32_t> rows;
    Array<float> contributions;
    Array<double> totals;
    Reasons reasons;
};

py::tuple by_als(const Csr& histories, const Side& side, const Array<std::int32_t>& lists,
                 std::int64_t k, int threads) {
    Explained explained(histories, lists, k);
    const auto view = histories.view();
    const auto run = execution(threads);
    without_gil([&] { explain_als(view, side.side, explained.lists, run, explained.reasons); });
    return explained.found();
}

py::tuple by_sums(const Csr& histories, const Csr& neighbors, const Array<std::int32_t>& lists,
                  std::int64_t k, int threads) {
    Explained explained(histories, lists, k);
    const auto view = histories.view();
    const auto from = neighbors.view();
    const auto run = execution(threads);
    without_gil([&] { explain_sparse(view, from, explained.lists, run, explained.reasons); });
    return explained.found();
}

}  // namespace

void bind_explain(py::module_& module) {
    module.def("explain_als", &by_als, py::arg("histories"), py::arg("side"),
               py::arg("lists").noconvert(), py::kw_only(), py::arg("k"), py::arg("threads"));
    module.def("explain_sparse", &by_sums, py::arg("histories"), py::arg("neighbors"),
               py::arg("lists").noconvert(), py::kw_only(), py::arg("k"), py::arg("threads"));
}

}  // namespace pyrec::bindings
