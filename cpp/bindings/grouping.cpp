#include "pyrec/grouping.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "arrays.hpp"
#include "bindings.hpp"

namespace pyrec::bindings {

namespace {

template <class T>
std::span<const T> as_optional_span(const std::optional<Array<T>>& array) {
    return array ? as_span(*array) : std::span<const T>{};
}

py::tuple group(const Array<std::int32_t>& rows, const Array<std::int32_t>& columns,
                std::int64_t row_count, int threads) {
    const auto row_span = as_span(rows);
    const auto column_span = as_span(columns);
    PairGroups groups = without_gil(
        [&] { return group_pairs(row_span, column_span, row_count, execution(threads)); });
    return py::make_tuple(as_array(std::move(groups.offsets)), as_array(std::move(groups.columns)),
                          as_array(std::move(groups.starts)), as_array(std::move(groups.order)));
}

py::tuple merge(const Array<std::int64_t>& starts, const Array<std::int64_t>& order,
                const std::optional<Array<float>>& weights,
                const std::optional<Array<std::uint8_t>>& kinds,
                const std::optional<Array<double>>& factors,
                const std::optional<Array<std::int64_t>>& times, const std::string& how,
                int threads) {
    const EventColumns events{as_optional_span(weights), as_optional_span(kinds),
                              as_optional_span(factors), as_optional_span(times)};
    const Merge merge = how == "sum" ? Merge::sum : how == "max" ? Merge::max : Merge::last;
    const py::ssize_t pairs = starts.size() - 1;
    Array<double> values(pairs);
    Array<std::uint32_t> bits(kinds ? pairs : 0);
    Array<std::int64_t> latest(times ? pairs : 0);
    const auto start_span = as_span(starts);
    const auto order_span = as_span(order);
    const auto to_values = as_mutable_span(values);
    const auto to_bits = as_mutable_span(bits);
    const auto to_latest = as_mutable_span(latest);
    without_gil([&] {
        merge_pairs(start_span, order_span, events, merge, execution(threads), to_values, to_bits,
                    to_latest);
    });
    return py::make_tuple(values, bits, latest);
}

}  // namespace

void bind_grouping(py::module_& module) {
    module.def("group_pairs", &group, py::arg("rows").noconvert(), py::arg("columns").noconvert(),
               py::kw_only(), py::arg("row_count"), py::arg("threads"));
    module.def("merge_pairs", &merge, py::arg("starts").noconvert(), py::arg("order").noconvert(),
               py::kw_only(), py::arg("weights").noconvert(), py::arg("kinds").noconvert(),
               py::arg("factors").noconvert(), py::arg("times").noconvert(), py::arg("how"),
               py::arg("threads"));
}

}  // namespace pyrec::bindings
