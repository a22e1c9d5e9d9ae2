#include "pyrec/runtime.hpp"

#include <pybind11/stl.h>

#include <string>

#include "bindings.hpp"

namespace pyrec::bindings {

namespace py = pybind11;

void bind_runtime(py::module_& module) {
    module.def("simd_level", [] { return std::string(simd_level()); });
    module.def("available_simd_levels", [] {
        std::vector<std::string> names;
        for (const auto name : available_simd_levels()) names.emplace_back(name);
        return names;
    });
    module.def(
        "set_simd_level", [](const std::string& name) { set_simd_level(name); }, py::arg("name"));
    module.def("default_threads", &default_threads);
    // An unknown or unsupported PYREC_SIMD fails here, at import, and not inside a kernel.
    simd_level();
}

}  // namespace pyrec::bindings
