#include "pyrec/item_index.hpp"

#include "bindings.hpp"
#include "filters.hpp"

namespace pyrec::bindings {

namespace {

py::tuple index_items_(const Array<float>& items, int threads) {
    const auto view = as_matrix(items, "items");
    const auto run = execution(threads);
    auto index = without_gil([&] { return index_items(view, run); });
    return py::make_tuple(as_array(std::move(index.order)), as_array(std::move(index.codes)),
                          as_array(std::move(index.bounds)));
}

py::tuple recommend_indexed_(const Array<float>& users, const Array<float>& items,
                             const Array<std::int32_t>& order, const Array<std::uint8_t>& codes,
                             const Array<double>& bounds, const Csr* exclude,
                             const std::optional<Bits>& allowed, std::int64_t k, int threads) {
    const auto user_view = as_matrix(users, "users");
    const ItemIndex index{as_matrix(items, "items"), as_span(order), as_span(codes),
                          as_span(bounds)};
    const auto filter = filter_of(exclude, allowed);
    const auto run = execution(threads);
    SearchCounts counts;
    const py::tuple found = lists(user_view.rows, k, [&](auto rows, auto scores) {
        counts = recommend_indexed(user_view, index, filter, k, run, rows, scores);
    });
    return py::make_tuple(found[0], found[1], py::make_tuple(counts.screened, counts.scored));
}

}  // namespace

void bind_item_index(py::module_& module) {
    module.def("index_items", &index_items_, py::arg("items").noconvert(), py::kw_only(),
               py::arg("threads"));
    module.def("recommend_indexed", &recommend_indexed_, py::arg("users").noconvert(),
               py::arg("items").noconvert(), py::arg("order").noconvert(),
               py::arg("codes").noconvert(), py::arg("bounds").noconvert(),
               py::arg("exclude").none(true), py::arg("allowed").noconvert(), py::kw_only(),
               py::arg("k"), py::arg("threads"));
}

}  // namespace pyrec::bindings
