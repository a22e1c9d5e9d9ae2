#include "pyrec/metrics.hpp"

#include "bindings.hpp"
#include "csr.hpp"

namespace pyrec::bindings {

namespace {

void validate_lists_(const Array<std::int32_t>& lists, std::int64_t items) {
    const auto view = as_matrix(lists, "lists");
    without_gil([&] { validate_lists(view, items); });
}

py::tuple judge_(const Array<std::int32_t>& lists, const Csr& relevant,
                 const Array<std::int32_t>& cutoffs, bool graded, int threads) {
    const auto view = as_matrix(lists, "lists");
    const auto at = as_span(cutoffs);
    auto wanted = relevant.view();
    if (!graded) wanted.values = {};
    const py::array::ShapeContainer shape{view.rows, static_cast<std::int64_t>(at.size())};
    Array<std::int32_t> first_hit(view.rows);
    Array<std::int32_t> hits(shape);
    Array<double> precision_sum(shape);
    Array<double> gain(shape);
    Array<double> ideal_gain(shape);
    const auto first = as_mutable_span(first_hit);
    const Earnings earned{as_mutable_span(hits), as_mutable_span(precision_sum),
                          as_mutable_span(gain), as_mutable_span(ideal_gain)};
    const auto run = execution(threads);
    without_gil([&] { judge(view, wanted, at, run, first, earned); });
    return py::make_tuple(first_hit, hits, precision_sum, gain, ideal_gain);
}

Array<double> auc_(const Csr& scores, const Csr& relevant, int threads) {
    Array<double> areas(scores.rows());
    const auto of_scores = scores.view();
    const auto wanted = relevant.view();
    const auto to_areas = as_mutable_span(areas);
    const auto run = execution(threads);
    without_gil([&] { auc(of_scores, wanted, run, to_areas); });
    return areas;
}

}  // namespace

void bind_metrics(py::module_& module) {
    module.def("validate_lists", &validate_lists_, py::arg("lists").noconvert(), py::kw_only(),
               py::arg("items"));
    module.def("judge", &judge_, py::arg("lists").noconvert(), py::arg("relevant"),
               py::arg("cutoffs").noconvert(), py::kw_only(), py::arg("graded"),
               py::arg("threads"));
    module.def("auc", &auc_, py::arg("scores"), py::arg("relevant"), py::kw_only(),
               py::arg("threads"));
}

}  // namespace pyrec::bindings
