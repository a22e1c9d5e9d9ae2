#include "pyrec/elastic_net.hpp"

#include "bindings.hpp"
#include "csr.hpp"
#include "pyrec/errors.hpp"

namespace pyrec::bindings {

namespace {

Array<float> regress_on_neighbors_(const Csr& lower, const Array<float>& diagonal,
                                   const Array<float>& ridges, const Csr& candidates, float l1,
                                   bool nonnegative, std::int64_t sweeps, float tolerance,
                                   int threads) {
    const auto lower_view = lower.view();
    const auto candidate_view = candidates.view();
    const std::int64_t n = lower_view.rows();
    if (lower_view.cols != n || candidate_view.rows() != n || candidate_view.cols != n ||
        diagonal.size() != n || ridges.size() != n) {
        throw InvalidInput("lower, diagonal, ridges and candidates do not fit together");
    }
    Array<float> weights(candidate_view.nnz());
    const auto to = as_mutable_span(weights);
    const auto from_diagonal = as_span(diagonal);
    const auto from_ridges = as_span(ridges);
    const auto run = execution(threads);
    without_gil([&] {
        regress_on_neighbors(lower_view, from_diagonal, from_ridges, candidate_view,
                             {l1, nonnegative, sweeps, tolerance}, run, to);
    });
    return weights;
}

}  // namespace

void bind_elastic_net(py::module_& module) {
    module.def("regress_on_neighbors", &regress_on_neighbors_, py::arg("lower"),
               py::arg("diagonal").noconvert(), py::arg("ridges").noconvert(),
               py::arg("candidates"), py::kw_only(), py::arg("l1"), py::arg("nonnegative"),
               py::arg("sweeps"), py::arg("tolerance"), py::arg("threads"));
}

}  // namespace pyrec::bindings
