// pyrec._kernels: a table of contents, and the translation of the core's exceptions.
#include <pybind11/pybind11.h>

#include "bindings.hpp"
#include "pyrec/errors.hpp"

namespace py = pybind11;

PYBIND11_MODULE(_kernels, module, py::mod_gil_not_used()) {
    // Docstrings live in _kernels.pyi, where readers and type checkers find them.
    py::options options;
    options.disable_function_signatures();

    py::register_exception_translator([](std::exception_ptr pointer) {
        try {
            if (pointer) std::rethrow_exception(pointer);
        } catch (const pyrec::InvalidInput& error) {
            py::set_error(py::module_::import("pyrec.errors").attr("DataError"), error.what());
        } catch (const pyrec::NumericalError& error) {
            py::set_error(py::module_::import("pyrec.errors").attr("NumericalError"), error.what());
        } catch (const pyrec::OutOfMemory& error) {
            py::set_error(py::module_::import("pyrec.errors").attr("OutOfMemoryError"),
                          error.what());
        }
    });

    pyrec::bindings::bind_ridge(module);
    pyrec::bindings::bind_runtime(module);
    pyrec::bindings::bind_bpr(module);
    pyrec::bindings::bind_caps(module);
    pyrec::bindings::bind_csr(module);
    pyrec::bindings::bind_elastic_net(module);
    pyrec::bindings::bind_als(module);
    pyrec::bindings::bind_explain(module);
    pyrec::bindings::bind_grouping(module);
    pyrec::bindings::bind_scoring(module);
    pyrec::bindings::bind_item_index(module);
    pyrec::bindings::bind_metrics(module);
    pyrec::bindings::bind_rerank(module);
    pyrec::bindings::bind_resampling(module);
    pyrec::bindings::bind_sessions(module);
    pyrec::bindings::bind_similarity(module);
}
