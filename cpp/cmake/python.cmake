# The two Python doors to the core: pybind11 binds kernels, Cython holds the data layer's hash loops.
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module NumPy)
find_package(pybind11 CONFIG REQUIRED)
find_package(Cython REQUIRED)
include(UseCython)

pybind11_add_module(
  _kernels MODULE NO_EXTRAS
  cpp/bindings/als.cpp
  cpp/bindings/bpr.cpp
  cpp/bindings/caps.cpp
  cpp/bindings/csr.cpp
  cpp/bindings/elastic_net.cpp
  cpp/bindings/grouping.cpp
  cpp/bindings/explain.cpp
  cpp/bindings/metrics.cpp
  cpp/bindings/item_index.cpp
  cpp/bindings/module.cpp
  cpp/bindings/rerank.cpp
  cpp/bindings/resampling.cpp
  cpp/bindings/ridge.cpp
  cpp/bindings/runtime.cpp
  cpp/bindings/scoring.cpp
  cpp/bindings/sessions.cpp
  cpp/bindings/similarity.cpp)
target_link_libraries(_kernels PRIVATE pyrec::core)
target_compile_options(_kernels PRIVATE -Wall -Wextra -Wshadow $<$<BOOL:${PYREC_WERROR}>:-Werror>)
install(TARGETS _kernels DESTINATION pyrec)

function(pyrec_add_cython_module name)
  cython_transpile(${PROJECT_SOURCE_DIR}/pyrec/${name}.pyx LANGUAGE CXX MODULE_NAME pyrec.${name}
                   OUTPUT_VARIABLE source)
  python_add_library(${name} MODULE WITH_SOABI ${source})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cpp/src)
  target_link_libraries(${name} PRIVATE pyrec::core Python::NumPy)
  target_compile_definitions(${name} PRIVATE NPY_TARGET_VERSION=NPY_2_0_API_VERSION
                                             NPY_NO_DEPRECATED_API=NPY_2_0_API_VERSION)
  install(TARGETS ${name} DESTINATION pyrec)
endfunction()

pyrec_add_cython_module(_arrow)
pyrec_add_cython_module(_encode)
pyrec_add_cython_module(_ids)
pyrec_add_cython_module(capi)
