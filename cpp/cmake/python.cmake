# The two Python doors to the core: pybind11 binds kernels, Cython holds the data layer's hash loops.
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
find_package(pybind11 CONFIG REQUIRED)

pybind11_add_module(
  _kernels MODULE NO_EXTRAS
  cpp/bindings/als.cpp
  cpp/bindings/csr.cpp
  cpp/bindings/metrics.cpp
  cpp/bindings/grouping.cpp
  cpp/bindings/module.cpp
  cpp/bindings/resampling.cpp
  cpp/bindings/runtime.cpp
  cpp/bindings/scoring.cpp)
target_link_libraries(_kernels PRIVATE pyrec::core)
target_compile_options(_kernels PRIVATE -Wall -Wextra -Wshadow $<$<BOOL:${PYREC_WERROR}>:-Werror>)
install(TARGETS _kernels DESTINATION pyrec)

find_package(Cython REQUIRED)
include(UseCython)
cython_transpile(pyrec/capi.pyx LANGUAGE CXX OUTPUT_VARIABLE capi_source)
python_add_library(capi MODULE WITH_SOABI ${capi_source})
target_link_libraries(capi PRIVATE pyrec::core)
install(TARGETS capi DESTINATION pyrec)
