// All rules about buffers: numpy arrays in as views, results out as numpy arrays, and the GIL.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec::bindings {

namespace py = pybind11;

// Bind with .noconvert(): another dtype or layout is a TypeError, never a silent copy.
template <class T>
using Array = py::array_t<T, py::array::c_style>;

template <class T>
std::span<const T> as_span(const Array<T>& array) {
    return {array.data(), static_cast<std::size_t>(array.size())};
}

template <class T>
std::span<T> as_mutable_span(Array<T>& array) {
    return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

template <class T>
DenseView<const T> as_matrix(const Array<T>& array, const char* name) {
    if (array.ndim() != 2) {
        throw py::type_error(std::string(name) + " must be a matrix (2-D), not " +
                             std::to_string(array.ndim()) + "-D");
    }
    return {array.data(), array.shape(0), array.shape(1)};
}

template <class T>
DenseView<T> as_mutable_matrix(Array<T>& array, const char* name) {
    if (array.ndim() != 2) {
        throw py::type_error(std::string(name) + " must be a matrix (2-D), not " +
                             std::to_string(array.ndim()) + "-D");
    }
    return {array.mutable_data(), array.shape(0), array.shape(1)};
}

// Hands a vector's memory to numpy without copying it.
template <class T, class Allocator>
Array<T> as_array(std::vector<T, Allocator>&& vector) {
    using Vector = std::vector<T, Allocator>;
    auto owned = std::make_unique<Vector>(std::move(vector));
    auto* raw = owned.get();
    py::capsule owner(owned.release(), [](void* p) { delete static_cast<Vector*>(p); });
    return Array<T>(static_cast<py::ssize_t>(raw->size()), raw->data(), owner);
}

// Runs `work` with the GIL released. Use it for every call that may exceed 50 microseconds.
template <class Work>
auto without_gil(Work&& work) {
    const py::gil_scoped_release release;
    return std::forward<Work>(work)();
}

// `threads`, and a poll that lets Ctrl-C through at most every 100 ms.
inline Execution execution(int threads) {
    using Clock = std::chrono::steady_clock;
    return {threads, [next = Clock::now() + std::chrono::milliseconds(100)]() mutable {
                if (Clock::now() < next) return;
                next = Clock::now() + std::chrono::milliseconds(100);
                const py::gil_scoped_acquire acquire;
                if (PyErr_CheckSignals() != 0) throw py::error_already_set();
            }};
}

}  // namespace pyrec::bindings
