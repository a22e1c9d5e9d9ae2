#include "pyrec/als.hpp"

#include "als_side.hpp"
#include "bindings.hpp"
#include "csr.hpp"

namespace pyrec::bindings {

namespace {

AlsSolver solver_named(const std::string& name) {
    if (name == "cg") return AlsSolver::conjugate_gradient;
    if (name == "exact") return AlsSolver::exact;
    if (name == "subspace") return AlsSolver::subspace;
    throw py::value_error("solver must be 'cg', 'exact' or 'subspace', not '" + name + "'");
}

AlsOptions make_options(const std::string& solver, double regularization, double alpha,
                        double unobserved_weight, double regularization_exponent, int cg_steps,
                        int block_size) {
    return {.solver = solver_named(solver),
            .regularization = regularization,
            .alpha = alpha,
            .unobserved_weight = unobserved_weight,
            .regularization_exponent = regularization_exponent,
            .cg_steps = cg_steps,
            .block_size = block_size};
}

void prepare(Side& self, const Array<float>& factors, int threads) {
    const auto view = as_matrix(factors, "factors");
    self.factors = factors;
    const auto run = execution(threads);
    without_gil([&] { self.side.prepare(view, run); });
}

void solve(const Csr& matrix, const Side& side, Array<float>& solved, AlsScratch& scratch,
           int threads) {
    const auto view = matrix.view();
    const auto out = as_mutable_matrix(solved, "solved");
    const auto run = execution(threads);
    without_gil([&] { als_solve(view, side.side, out, scratch, run); });
}

double objective(const Csr& matrix, const Array<float>& users, const Array<float>& items,
                 const AlsOptions& options, int threads) {
    const auto view = matrix.view();
    const auto user_view = as_matrix(users, "users");
    const auto item_view = as_matrix(items, "items");
    const auto run = execution(threads);
    return without_gil([&] { return als_objective(view, user_view, item_view, options, run); });
}

}  // namespace

void bind_als(py::module_& module) {
    py::class_<AlsOptions>(module, "AlsOptions")
        .def(py::init(&make_options), py::kw_only(), py::arg("solver"), py::arg("regularization"),
             py::arg("alpha"), py::arg("unobserved_weight"), py::arg("regularization_exponent"),
             py::arg("cg_steps"), py::arg("block_size"));
    py::class_<Side>(module, "AlsSide")
        .def(py::init<const AlsOptions&>(), py::arg("options"))
        .def("prepare", &prepare, py::arg("factors").noconvert(), py::kw_only(),
             py::arg("threads"));
    py::class_<AlsScratch>(module, "AlsScratch").def(py::init<>());
    module.def("als_solve", &solve, py::arg("matrix"), py::arg("side"),
               py::arg("solved").noconvert(), py::arg("scratch"), py::kw_only(),
               py::arg("threads"));
    module.def("als_objective", &objective, py::arg("matrix"), py::arg("users").noconvert(),
               py::arg("items").noconvert(), py::arg("options"), py::kw_only(), py::arg("threads"));
}

}  // namespace pyrec::bindings
