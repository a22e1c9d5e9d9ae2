#include "pyrec/resampling.hpp"

#include "arrays.hpp"
#include "bindings.hpp"

namespace pyrec::bindings {

namespace {

template <auto sums_of>
Array<double> resample(const Array<double>& values, std::int64_t replicates, std::uint64_t seed,
                       int threads) {
    const auto view = as_matrix(values, "values");
    Array<double> sums({replicates, view.cols});
    const auto to_sums = as_mutable_matrix(sums, "sums");
    const auto run = execution(threads);
    without_gil([&] { sums_of(view, seed, run, to_sums); });
    return sums;
}

}  // namespace

void bind_resampling(py::module_& module) {
    module.def("bootstrap_sums", &resample<bootstrap_sums>, py::arg("values").noconvert(),
               py::kw_only(), py::arg("replicates"), py::arg("seed"), py::arg("threads"));
    module.def("sign_flip_sums", &resample<sign_flip_sums>, py::arg("values").noconvert(),
               py::kw_only(), py::arg("replicates"), py::arg("seed"), py::arg("threads"));
}

}  // namespace pyrec::bindings
