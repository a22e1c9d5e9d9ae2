#include "csr.hpp"

#include <algorithm>

#include "bindings.hpp"
#include "pyrec/csr.hpp"
#include "pyrec/errors.hpp"

namespace pyrec::bindings {

namespace {

constexpr std::int64_t max_rows = 2147483647;  // row numbers are int32

template <class T>
Array<T> frozen(Array<T> array) {
    py::detail::array_proxy(array.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
    return array;
}

void require_inside(std::span<const std::int32_t> chosen, std::int64_t count, const char* what) {
    for (const std::int32_t one : chosen) {
        if (one < 0 || one >= count) {
            throw InvalidInput(std::string(what) + " " + std::to_string(one) + " is outside [0, " +
                               std::to_string(count) + ")");
        }
    }
}

}  // namespace

Csr::Csr(Array<std::int64_t> offsets_, Array<std::int32_t> columns_, Array<float> values_,
         std::int64_t cols_)
    : offsets(std::move(offsets_)),
      columns(std::move(columns_)),
      values(std::move(values_)),
      cols(cols_) {
    if (offsets.writeable() || columns.writeable() || values.writeable()) {
        throw InvalidInput("the arrays of a Csr must be read-only: it shares them");
    }
    if (cols < 0 || cols > max_rows || rows() > max_rows) {
        throw InvalidInput("a matrix has at most 2^31 - 1 rows and columns");
    }
    if (values.size() != columns.size()) {
        throw InvalidInput("there are " + std::to_string(values.size()) + " values for " +
                           std::to_string(columns.size()) + " columns");
    }
    const auto matrix = view();
    without_gil([&] { validate(matrix); });
}

Csr Csr::transposed(int threads) const {
    Array<std::int64_t> t_offsets(cols + 1);
    Array<std::int32_t> t_columns(columns.size());
    Array<float> t_values(values.size());
    const auto matrix = view();
    const auto to_offsets = as_mutable_span(t_offsets);
    const auto to_columns = as_mutable_span(t_columns);
    const auto to_values = as_mutable_span(t_values);
    const auto run = execution(threads);
    without_gil([&] { transpose(matrix, to_offsets, to_columns, to_values, {}, run); });
    return {frozen(std::move(t_offsets)), frozen(std::move(t_columns)), frozen(std::move(t_values)),
            rows()};
}

Csr Csr::take(const Array<std::int32_t>& chosen) const {
    const auto matrix = view();
    const auto rows_taken = as_span(chosen);
    require_inside(rows_taken, rows(), "row");
    Array<std::int64_t> t_offsets(chosen.size() + 1);
    const auto to_offsets = as_mutable_span(t_offsets);
    without_gil([&] { take_offsets(matrix, rows_taken, to_offsets); });
    Array<std::int32_t> t_columns(to_offsets.back());
    Array<float> t_values(to_offsets.back());
    const auto to_columns = as_mutable_span(t_columns);
    const auto to_values = as_mutable_span(t_values);
    without_gil([&] { take_rows(matrix, rows_taken, to_offsets, to_columns, to_values); });
    return {frozen(std::move(t_offsets)), frozen(std::move(t_columns)), frozen(std::move(t_values)),
            cols};
}

Csr Csr::take_columns(const Array<std::int32_t>& chosen) const {
    const auto matrix = view();
    const auto columns_taken = as_span(chosen);
    require_inside(columns_taken, cols, "column");
    Array<std::int64_t> t_offsets(chosen.size() + 1);
    const auto to_offsets = as_mutable_span(t_offsets);
    without_gil([&] { take_column_offsets(matrix, columns_taken, to_offsets); });
    Array<std::int32_t> t_columns(to_offsets.back());
    Array<float> t_values(to_offsets.back());
    const auto to_columns = as_mutable_span(t_columns);
    const auto to_values = as_mutable_span(t_values);
    without_gil(
        [&] { pyrec::take_columns(matrix, columns_taken, to_offsets, to_columns, to_values); });
    return {frozen(std::move(t_offsets)), frozen(std::move(t_columns)), frozen(std::move(t_values)),
            rows()};
}

py::tuple Csr::plus(const Csr& other) const {
    if (other.rows() < rows() || other.cols < cols) {
        throw InvalidInput("what is added must not be smaller than the matrix");
    }
    Array<std::int64_t> s_offsets(other.rows() + 1);
    const auto a = view();
    const auto b = other.view();
    const auto to_offsets = as_mutable_span(s_offsets);
    auto sum = without_gil([&] { return add(a, b, to_offsets); });
    return py::make_tuple(
        Csr(frozen(std::move(s_offsets)), frozen(as_array(std::move(sum.columns))),
            frozen(as_array(std::move(sum.values))), other.cols),
        as_array(std::move(sum.places)), as_array(std::move(sum.other_places)));
}

Csr Csr::united(const Csr& other) const {
    if (other.rows() != rows() || other.cols != cols) {
        throw InvalidInput("two matrices of different shapes have no union");
    }
    Array<std::int64_t> u_offsets(rows() + 1);
    const auto a = view();
    const auto b = other.view();
    const auto to_offsets = as_mutable_span(u_offsets);
    auto u_columns = as_array(without_gil([&] { return unite(a, b, to_offsets); }));
    Array<float> ones(u_columns.size());
    std::ranges::fill(as_mutable_span(ones), 1.0F);
    return {frozen(std::move(u_offsets)), frozen(std::move(u_columns)), frozen(std::move(ones)),
            cols};
}

void bind_csr(py::module_& module) {
    py::class_<Csr>(module, "Csr")
        .def(py::init<Array<std::int64_t>, Array<std::int32_t>, Array<float>, std::int64_t>(),
             py::arg("offsets").noconvert(), py::arg("columns").noconvert(),
             py::arg("values").noconvert(), py::arg("cols"))
        .def_readonly("offsets", &Csr::offsets)
        .def_readonly("columns", &Csr::columns)
        .def_readonly("values", &Csr::values)
        .def_property_readonly("shape",
                               [](const Csr& csr) { return py::make_tuple(csr.rows(), csr.cols); })
        .def_property_readonly("nnz", [](const Csr& csr) { return csr.columns.size(); })
        .def("transposed", &Csr::transposed, py::arg("threads") = 1)
        .def("take", &Csr::take, py::arg("rows").noconvert())
        .def("take_columns", &Csr::take_columns, py::arg("columns").noconvert())
        .def("plus", &Csr::plus, py::arg("other"))
        .def("united", &Csr::united, py::arg("other"))
        .def("transpose_positions",
             [](const Csr& csr) {
                 Array<std::int64_t> offsets(csr.cols + 1);
                 Array<std::int32_t> columns(csr.columns.size());
                 Array<std::int64_t> positions(csr.columns.size());
                 const auto matrix = csr.view();
                 const auto to_offsets = as_mutable_span(offsets);
                 const auto to_columns = as_mutable_span(columns);
                 const auto to_positions = as_mutable_span(positions);
                 without_gil([&] { transpose(matrix, to_offsets, to_columns, {}, to_positions); });
                 return positions;
             })
        .def("__repr__", [](const Csr& csr) {
            return "Csr(" + std::to_string(csr.rows()) + " x " + std::to_string(csr.cols) + ", " +
                   std::to_string(csr.columns.size()) + " entries)";
        });
}

}  // namespace pyrec::bindings
