#include "pyrec/sessions.hpp"

#include "bindings.hpp"
#include "csr.hpp"
#include "pyrec/errors.hpp"
#include "pyrec/runtime.hpp"

namespace pyrec::bindings {

namespace {

py::tuple nearest_sessions_(const Csr& running, const Csr& sessions_of, std::int64_t sample,
                            std::int64_t k, std::int64_t length, int threads) {
    const auto view = running.view();
    const auto of_items = sessions_of.view();
    if (view.cols != of_items.rows()) {
        throw InvalidInput("running and sessions_of do not fit together");
    }
    const SessionOptions options{sample, std::min({k, sample, of_items.cols}), length};
    const auto room = static_cast<double>(view.rows()) * static_cast<double>(options.k);
    require_memory(8.0 * room, "neighbours");
    Array<std::int64_t> offsets(view.rows() + 1);
    Array<std::int32_t> neighbors(view.rows() * options.k);
    Array<float> influences(view.rows() * options.k);
    const auto to_offsets = as_mutable_span(offsets);
    const auto to_neighbors = as_mutable_span(neighbors);
    const auto to_influences = as_mutable_span(influences);
    const auto run = execution(threads);
    without_gil([&] {
        nearest_sessions(view, of_items, options, run, to_offsets, to_neighbors, to_influences);
    });
    neighbors.resize({to_offsets.back()}, false);
    influences.resize({to_offsets.back()}, false);
    return py::make_tuple(offsets, neighbors, influences);
}

}  // namespace

void bind_sessions(py::module_& module) {
    module.def("nearest_sessions", &nearest_sessions_, py::arg("running"), py::arg("sessions_of"),
               py::kw_only(), py::arg("sample"), py::arg("k"), py::arg("length"),
               py::arg("threads"));
}

}  // namespace pyrec::bindings
