#include "pyrec/bpr.hpp"

#include "bindings.hpp"
#include "csr.hpp"
#include "pyrec/errors.hpp"

namespace pyrec::bindings {

namespace {

void bpr_epoch_(const Csr& matrix, Array<float>& users, Array<float>& items, std::int64_t epoch,
                float learning_rate, float regularization, std::int64_t candidates,
                std::uint64_t seed, int threads) {
    const auto view = matrix.view();
    const auto to_users = as_mutable_matrix(users, "users");
    const auto to_items = as_mutable_matrix(items, "items");
    if (to_users.rows != view.rows() || to_items.rows != view.cols ||
        to_users.cols != to_items.cols) {
        throw InvalidInput("matrix, users and items do not fit together");
    }
    const auto run = execution(threads);
    without_gil([&] {
        bpr_epoch(view, epoch, {learning_rate, regularization, candidates, seed}, run, to_users,
                  to_items);
    });
}

Array<float> bpr_fold_in_(const Csr& histories, const Array<float>& items, std::int64_t epochs,
                          float learning_rate, float regularization, std::int64_t candidates,
                          std::uint64_t seed, int threads) {
    const auto view = histories.view();
    const auto from_items = as_matrix(items, "items");
    if (from_items.rows != view.cols) {
        throw InvalidInput("histories and items do not fit together");
    }
    Array<float> users({view.rows(), from_items.cols});
    const auto to = as_mutable_matrix(users, "users");
    const auto run = execution(threads);
    without_gil([&] {
        bpr_fold_in(view, from_items, epochs, {learning_rate, regularization, candidates, seed},
                    run, to);
    });
    return users;
}

}  // namespace

void bind_bpr(py::module_& module) {
    module.def("bpr_epoch", &bpr_epoch_, py::arg("matrix"), py::arg("users").noconvert(),
               py::arg("items").noconvert(), py::kw_only(), py::arg("epoch"),
               py::arg("learning_rate"), py::arg("regularization"), py::arg("candidates"),
               py::arg("seed"), py::arg("threads"));
    module.def("bpr_fold_in", &bpr_fold_in_, py::arg("histories"), py::arg("items").noconvert(),
               py::kw_only(), py::arg("epochs"), py::arg("learning_rate"),
               py::arg("regularization"), py::arg("candidates"), py::arg("seed"),
               py::arg("threads"));
}

}  // namespace pyrec::bindings
