#include "pyrec/caps.hpp"

#include "arrays.hpp"
#include "bindings.hpp"

namespace pyrec::bindings {

namespace {

using Rows = Array<std::int32_t>;

Rows cap_lists_(const Rows& lists, const Rows& groups, const Rows& most, std::int64_t fixed,
                std::int64_t k, int threads) {
    const auto list_view = as_matrix(lists, "lists");
    const auto group_view = as_matrix(groups, "groups");
    const auto limits = as_span(most);
    const auto run = execution(threads);
    Rows kept({list_view.rows, k});
    const auto to = as_mutable_span(kept);
    without_gil([&] { cap_lists(list_view, group_view, limits, fixed, k, run, to); });
    return kept;
}

}  // namespace

void bind_caps(py::module_& module) {
    module.def("cap_lists", &cap_lists_, py::arg("lists").noconvert(),
               py::arg("groups").noconvert(), py::arg("most").noconvert(), py::kw_only(),
               py::arg("fixed"), py::arg("k"), py::arg("threads"));
}

}  // namespace pyrec::bindings
