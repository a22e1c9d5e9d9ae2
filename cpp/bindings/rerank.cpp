#include "pyrec/rerank.hpp"

#include "bindings.hpp"
#include "csr.hpp"
#include "pyrec/errors.hpp"

namespace pyrec::bindings {

namespace {

// Lists in, and the arrays of those to come.
struct Lists {
    Lists(const Array<std::int32_t>& rows_, const Array<float>& relevance, std::int64_t k)
        : candidates{as_matrix(rows_, "rows"), as_matrix(relevance, "relevance")},
          rows({candidates.rows.rows, k}),
          scores({candidates.rows.rows, k}),
          chosen{as_mutable_matrix(rows, "rows"), as_mutable_matrix(scores, "scores")} {
        if (candidates.rows.rows != candidates.relevance.rows ||
            candidates.rows.cols != candidates.relevance.cols) {
            throw InvalidInput("rows and relevance do not fit together");
        }
    }

    py::tuple found() const { return py::make_tuple(rows, scores); }

    CandidateLists candidates;
    Array<std::int32_t> rows;
    Array<float> scores;
    ChosenLists chosen;
};

ItemVectors as_vectors(const Array<float>& dense) { return {as_matrix(dense, "vectors"), {}}; }
ItemVectors as_vectors(const Csr& sparse) { return {{}, sparse.view()}; }

py::tuple by_relevance(const Array<std::int32_t>& rows, const Array<float>& relevance,
                       std::int64_t k, int threads) {
    Lists lists(rows, relevance, k);
    const auto run = execution(threads);
    without_gil([&] { rerank_by_relevance(lists.candidates, run, lists.chosen); });
    return lists.found();
}

using Rerank = void (*)(const CandidateLists&, const ItemVectors&, float, const Execution&,
                        const ChosenLists&);

template <Rerank rerank, class Vectors>
py::tuple by_vectors(const Array<std::int32_t>& rows, const Array<float>& relevance,
                     const Vectors& vectors, std::int64_t k, float trade_off, int threads) {
    Lists lists(rows, relevance, k);
    const ItemVectors view = as_vectors(vectors);
    const auto run = execution(threads);
    without_gil([&] { rerank(lists.candidates, view, trade_off, run, lists.chosen); });
    return lists.found();
}

template <Rerank rerank, class Vectors>
void bind_by_vectors(py::module_& module, const char* name) {
    module.def(name, &by_vectors<rerank, Vectors>, py::arg("rows").noconvert(),
               py::arg("relevance").noconvert(), py::arg("vectors").noconvert(), py::kw_only(),
               py::arg("k"), py::arg("trade_off"), py::arg("threads"));
}

py::tuple calibrated(const Array<std::int32_t>& rows, const Array<float>& relevance,
                     const Csr& memberships, const Csr& mixes, std::int64_t k, float weight,
                     int threads) {
    Lists lists(rows, relevance, k);
    const auto groups = memberships.view();
    const auto wanted = mixes.view();
    if (groups.cols != wanted.cols || wanted.rows() != lists.candidates.rows.rows) {
        throw InvalidInput("rows, memberships and mixes do not fit together");
    }
    const auto run = execution(threads);
    without_gil(
        [&] { rerank_calibrated(lists.candidates, groups, wanted, weight, run, lists.chosen); });
    return lists.found();
}

}  // namespace

void bind_rerank(py::module_& module) {
    module.def("rerank_by_relevance", &by_relevance, py::arg("rows").noconvert(),
               py::arg("relevance").noconvert(), py::kw_only(), py::arg("k"), py::arg("threads"));
    bind_by_vectors<&rerank_mmr, Csr>(module, "rerank_mmr");
    bind_by_vectors<&rerank_mmr, Array<float>>(module, "rerank_mmr");
    bind_by_vectors<&rerank_dpp, Csr>(module, "rerank_dpp");
    bind_by_vectors<&rerank_dpp, Array<float>>(module, "rerank_dpp");
    module.def("rerank_calibrated", &calibrated, py::arg("rows").noconvert(),
               py::arg("relevance").noconvert(), py::arg("memberships"), py::arg("mixes"),
               py::kw_only(), py::arg("k"), py::arg("weight"), py::arg("threads"));
}

}  // namespace pyrec::bindings
