// One bind function per subject; module.cpp calls them all.
#pragma once

#include <pybind11/pybind11.h>

namespace pyrec::bindings {

void bind_als(pybind11::module_& module);
void bind_bpr(pybind11::module_& module);
void bind_caps(pybind11::module_& module);
void bind_csr(pybind11::module_& module);
void bind_elastic_net(pybind11::module_& module);
void bind_explain(pybind11::module_& module);
void bind_item_index(pybind11::module_& module);
void bind_metrics(pybind11::module_& module);
void bind_rerank(pybind11::module_& module);
void bind_resampling(pybind11::module_& module);
void bind_grouping(pybind11::module_& module);
void bind_ridge(pybind11::module_& module);
void bind_runtime(pybind11::module_& module);
void bind_scoring(pybind11::module_& module);
void bind_sessions(pybind11::module_& module);
void bind_similarity(pybind11::module_& module);

}  // namespace pyrec::bindings
