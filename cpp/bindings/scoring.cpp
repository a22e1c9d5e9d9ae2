#include "pyrec/scoring.hpp"

#include "bindings.hpp"
#include "csr.hpp"

namespace pyrec::bindings {

namespace {

py::tuple recommend_dense_(const Array<float>& users, const Array<float>& items, const Csr* exclude,
                           std::int64_t k, int threads) {
    const auto user_view = as_matrix(users, "users");
    const auto item_view = as_matrix(items, "items");
    Array<std::int32_t> rows({user_view.rows, k});
    Array<float> scores({user_view.rows, k});
    const auto to_rows = as_mutable_span(rows);
    const auto to_scores = as_mutable_span(scores);
    const auto excluded = exclude ? exclude->view() : CsrView<const float>{};
    const auto run = execution(threads);
    without_gil(
        [&] { recommend_dense(user_view, item_view, excluded, k, run, to_rows, to_scores); });
    return py::make_tuple(rows, scores);
}

}  // namespace

void bind_scoring(py::module_& module) {
    module.def("recommend_dense", &recommend_dense_, py::arg("users").noconvert(),
               py::arg("items").noconvert(), py::arg("exclude").none(true), py::kw_only(),
               py::arg("k"), py::arg("threads"));
}

}  // namespace pyrec::bindings
