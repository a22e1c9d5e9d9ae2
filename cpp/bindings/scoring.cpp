#include "pyrec/scoring.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "bindings.hpp"
#include "filters.hpp"

namespace pyrec::bindings {

namespace {

using Rows = Array<std::int32_t>;

py::tuple recommend_dense_(const Array<float>& users, const Array<float>& items, const Csr* exclude,
                           const std::optional<Bits>& allowed, std::int64_t k, int threads) {
    const auto user_view = as_matrix(users, "users");
    const auto item_view = as_matrix(items, "items");
    const auto filter = filter_of(exclude, allowed);
    const auto run = execution(threads);
    return lists(user_view.rows, k, [&](auto rows, auto scores) {
        recommend_dense(user_view, item_view, filter, k, run, rows, scores);
    });
}

py::tuple recommend_sparse_(const Csr& histories, const Csr& neighbors, const Csr* exclude,
                            const std::optional<Bits>& allowed, std::int64_t k, int threads) {
    const auto history_view = histories.view();
    const auto neighbor_view = neighbors.view();
    const auto filter = filter_of(exclude, allowed);
    const auto run = execution(threads);
    return lists(histories.rows(), k, [&](auto rows, auto scores) {
        recommend_sparse(history_view, neighbor_view, filter, k, run, rows, scores);
    });
}

py::tuple top_k_of_rows_(const Csr& scored, std::int64_t k, int threads) {
    const auto view = scored.view();
    const auto run = execution(threads);
    return lists(scored.rows(), k,
                 [&](auto rows, auto scores) { top_k_of_rows(view, k, run, rows, scores); });
}

Array<float> score_pairs_(const Array<float>& users, const Array<float>& items,
                          const Rows& user_rows, const Rows& item_rows, int threads) {
    const auto user_view = as_matrix(users, "users");
    const auto item_view = as_matrix(items, "items");
    Array<float> scores(user_rows.size());
    const auto from = as_span(user_rows);
    const auto to = as_span(item_rows);
    const auto out = as_mutable_span(scores);
    const auto run = execution(threads);
    without_gil([&] { score_pairs(user_view, item_view, from, to, run, out); });
    return scores;
}

Array<float> score_pairs_sparse_(const Csr& histories, const Csr& neighbors, const Rows& user_rows,
                                 const Rows& item_rows, int threads) {
    const auto history_view = histories.view();
    const auto neighbor_view = neighbors.view();
    Array<float> scores(user_rows.size());
    const auto from = as_span(user_rows);
    const auto to = as_span(item_rows);
    const auto out = as_mutable_span(scores);
    const auto run = execution(threads);
    without_gil([&] { score_pairs_sparse(history_view, neighbor_view, from, to, run, out); });
    return scores;
}

}  // namespace

void bind_scoring(py::module_& module) {
    module.def("recommend_dense", &recommend_dense_, py::arg("users").noconvert(),
               py::arg("items").noconvert(), py::arg("exclude").none(true),
               py::arg("allowed").noconvert(), py::kw_only(), py::arg("k"), py::arg("threads"));
    module.def("recommend_sparse", &recommend_sparse_, py::arg("histories"), py::arg("neighbors"),
               py::arg("exclude").none(true), py::arg("allowed").noconvert(), py::kw_only(),
               py::arg("k"), py::arg("threads"));
    module.def("top_k_of_rows", &top_k_of_rows_, py::arg("scores"), py::kw_only(), py::arg("k"),
               py::arg("threads"));
    module.def("score_pairs", &score_pairs_, py::arg("users").noconvert(),
               py::arg("items").noconvert(), py::arg("user_rows").noconvert(),
               py::arg("item_rows").noconvert(), py::kw_only(), py::arg("threads") = 1);
    module.def("score_pairs_sparse", &score_pairs_sparse_, py::arg("histories"),
               py::arg("neighbors"), py::arg("user_rows").noconvert(),
               py::arg("item_rows").noconvert(), py::kw_only(), py::arg("threads") = 1);
}

}  // namespace pyrec::bindings
