#include "pyrec/csr.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "pyrec/errors.hpp"
#include "ranking.hpp"

namespace pyrec {

namespace {

std::string at(const char* array, std::int64_t index) {
    return std::string(array) + "[" + std::to_string(index) + "]";
}

void validate_offsets(const CsrView<const float>& matrix) {
    if (matrix.offsets.empty()) {
        throw InvalidInput("offsets is empty: a matrix of n rows has n + 1 offsets");
    }
    if (matrix.offsets.front() != 0) throw InvalidInput("offsets[0] is not 0");
    for (std::size_t i = 1; i < matrix.offsets.size(); ++i) {
        if (matrix.offsets[i] < matrix.offsets[i - 1]) {
            throw InvalidInput(at("offsets", static_cast<std::int64_t>(i)) +
                               " is less than the offset before it");
        }
    }
    if (matrix.offsets.back() != matrix.nnz()) {
        throw InvalidInput("the last offset is " + std::to_string(matrix.offsets.back()) +
                           " but there are " + std::to_string(matrix.nnz()) + " entries");
    }
}

// Whether columns increase within bounds: looks at all of them, which compilers vectorise.
bool is_valid(std::span<const std::int32_t> columns, std::int64_t cols) {
    if (columns.empty()) return true;
    bool increasing = true;
    for (std::size_t i = 1; i < columns.size(); ++i) increasing &= columns[i - 1] < columns[i];
    return increasing && columns.front() >= 0 && columns.back() < cols;
}

// Throws, naming the first column of a row that is not valid.
void throw_invalid(const CsrView<const float>& matrix, std::int64_t row) {
    const std::int64_t begin = matrix.offsets[static_cast<std::size_t>(row)];
    std::int64_t previous = -1;
    std::int64_t position = begin;
    for (const std::int32_t column : matrix.row(row).columns) {
        if (column < 0 || column >= matrix.cols) {
            throw InvalidInput(at("columns", position) + " = " + std::to_string(column) +
                               " in row " + std::to_string(row) + " is outside [0, " +
                               std::to_string(matrix.cols) + ")");
        }
        if (column <= previous) {
            throw InvalidInput(at("columns", position) + " = " + std::to_string(column) +
                               " in row " + std::to_string(row) +
                               " repeats or precedes the column before it: sum duplicates and sort "
                               "columns first");
        }
        previous = column;
        ++position;
    }
}

// For each column its place among the chosen ones, or -1.
std::vector<std::int32_t> places_of(std::span<const std::int32_t> chosen, std::int64_t cols) {
    std::vector<std::int32_t> places(static_cast<std::size_t>(cols), -1);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        places[static_cast<std::size_t>(chosen[i])] = static_cast<std::int32_t>(i);
    }
    return places;
}

// Appends `count` entries of `from` to `to`.
template <class T>
void append(std::vector<T>& to, std::span<const T> from, std::int64_t first, std::int64_t count) {
    to.insert(to.end(), from.begin() + first, from.begin() + first + count);
}

}  // namespace

void validate(const CsrView<const float>& matrix) {
    validate_offsets(matrix);
    for (std::int64_t row = 0; row < matrix.rows(); ++row) {
        if (!is_valid(matrix.row(row).columns, matrix.cols)) throw_invalid(matrix, row);
    }
    if (!matrix.values.empty() && matrix.values.size() != matrix.columns.size()) {
        throw InvalidInput("there are " + std::to_string(matrix.values.size()) + " values for " +
                           std::to_string(matrix.nnz()) + " columns");
    }
    if (detail::all_finite(matrix.values)) return;
    const auto wrong =
        std::ranges::find_if_not(matrix.values, [](float v) { return std::isfinite(v); });
    throw InvalidInput(at("values", wrong - matrix.values.begin()) + " is not finite");
}

void transpose(const CsrView<const float>& matrix, std::span<std::int64_t> offsets,
               std::span<std::int32_t> columns, std::span<float> values,
               std::span<std::int64_t> positions, const Execution& execution) {
    // A counting sort by column. Rows are dealt out as runs of equally many entries: every run
    // counts its columns, which says where in each column its entries begin.
    constexpr std::int64_t grain = 1 << 18;  // entries that are worth a thread
    const std::int64_t runs = worker_count(matrix.nnz(), grain, execution);
    const auto cols = static_cast<std::size_t>(matrix.cols);
    std::vector<std::int64_t> next(static_cast<std::size_t>(runs) * cols);
    const auto each_row = [&](const auto& body) {
        parallel_for(runs, 1, execution, [&](std::int64_t run, std::int64_t /*end*/, int) {
            const auto first = [&](std::int64_t r) {
                return std::ranges::lower_bound(matrix.offsets, matrix.nnz() / runs * r) -
                       matrix.offsets.begin();
            };
            const std::int64_t end = run + 1 < runs ? first(run + 1) : matrix.rows();
            std::int64_t* const in_run = next.data() + static_cast<std::size_t>(run) * cols;
            for (std::int64_t row = first(run); row < end; ++row) body(row, in_run);
        });
    };
    each_row([&](std::int64_t row, std::int64_t* counts) {
        for (const std::int32_t column : matrix.row(row).columns) ++counts[column];
    });
    offsets[0] = 0;
    for (std::size_t column = 0; column < cols; ++column) {
        std::int64_t begin = offsets[column];
        for (std::size_t i = column; i < next.size(); i += cols) {
            begin += std::exchange(next[i], begin);
        }
        offsets[column + 1] = begin;
    }
    each_row([&](std::int64_t row, std::int64_t* to) {
        const auto entries = matrix.row(row);
        const std::int64_t begin = matrix.offsets[static_cast<std::size_t>(row)];
        for (std::size_t j = 0; j < entries.size(); ++j) {
            const auto i = static_cast<std::size_t>(to[entries.columns[j]]++);
            columns[i] = static_cast<std::int32_t>(row);
            if (!values.empty()) values[i] = entries.values[j];
            if (!positions.empty()) positions[i] = begin + static_cast<std::int64_t>(j);
        }
    });
}

void take_offsets(const CsrView<const float>& matrix, std::span<const std::int32_t> rows,
                  std::span<std::int64_t> offsets) {
    offsets[0] = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        offsets[i + 1] = offsets[i] + static_cast<std::int64_t>(matrix.row(rows[i]).size());
    }
}

void take_rows(const CsrView<const float>& matrix, std::span<const std::int32_t> rows,
               std::span<const std::int64_t> offsets, std::span<std::int32_t> columns,
               std::span<float> values) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto row = matrix.row(rows[i]);
        const auto to = offsets[i];
        std::copy(row.columns.begin(), row.columns.end(), columns.begin() + to);
        std::copy(row.values.begin(), row.values.end(), values.begin() + to);
    }
}

void take_column_offsets(const CsrView<const float>& matrix, std::span<const std::int32_t> chosen,
                         std::span<std::int64_t> offsets) {
    const auto places = places_of(chosen, matrix.cols);
    std::ranges::fill(offsets, 0);
    for (const std::int32_t column : matrix.columns) {
        const std::int32_t place = places[static_cast<std::size_t>(column)];
        if (place >= 0) ++offsets[static_cast<std::size_t>(place) + 1];
    }
    std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
}

void take_columns(const CsrView<const float>& matrix, std::span<const std::int32_t> chosen,
                  std::span<const std::int64_t> offsets, std::span<std::int32_t> columns,
                  std::span<float> values) {
    const auto places = places_of(chosen, matrix.cols);
    std::vector<std::int64_t> next(offsets.begin(), offsets.end());
    for (std::int64_t row = 0; row < matrix.rows(); ++row) {
        const auto entries = matrix.row(row);
        for (std::size_t j = 0; j < entries.size(); ++j) {
            const std::int32_t place = places[static_cast<std::size_t>(entries.columns[j])];
            if (place < 0) continue;
            const auto i = static_cast<std::size_t>(next[static_cast<std::size_t>(place)]++);
            columns[i] = static_cast<std::int32_t>(row);
            values[i] = entries.values[j];
        }
    }
}

Sum add(const CsrView<const float>& a, const CsrView<const float>& b,
        std::span<std::int64_t> offsets) {
    Sum sum;
    const std::size_t most = a.columns.size() + b.columns.size();
    sum.columns.reserve(most);
    sum.values.reserve(most);
    sum.places.reserve(a.columns.size());
    sum.other_places.reserve(b.columns.size());
    // Entries of `a` from `i` to `end` stay together.
    const auto keep = [&](std::int64_t i, std::int64_t end) {
        const auto first = std::ssize(sum.columns);
        append(sum.columns, a.columns, i, end - i);
        append(sum.values, a.values, i, end - i);
        for (std::int64_t n = 0; n < end - i; ++n) sum.places.push_back(first + n);
    };
    offsets[0] = 0;
    for (std::int64_t row = 0; row < b.rows(); ++row) {
        const auto r = static_cast<std::size_t>(row);
        const bool known = row < a.rows();
        std::int64_t i = known ? a.offsets[r] : a.nnz();
        const std::int64_t end = known ? a.offsets[r + 1] : a.nnz();
        for (std::int64_t j = b.offsets[r]; j < b.offsets[r + 1]; ++j) {
            const std::int32_t column = b.columns[static_cast<std::size_t>(j)];
            const float value = b.values[static_cast<std::size_t>(j)];
            const auto rest =
                a.columns.subspan(static_cast<std::size_t>(i), static_cast<std::size_t>(end - i));
            const auto before = std::ranges::lower_bound(rest, column) - rest.begin();
            const bool met =
                before < std::ssize(rest) && rest[static_cast<std::size_t>(before)] == column;
            keep(i, i + before + (met ? 1 : 0));
            i += before + (met ? 1 : 0);
            if (met) {
                sum.values.back() += value;
            } else {
                sum.columns.push_back(column);
                sum.values.push_back(value);
            }
            sum.other_places.push_back(std::ssize(sum.columns) - 1);
        }
        keep(i, end);
        offsets[r + 1] = std::ssize(sum.columns);
    }
    return sum;
}

std::vector<std::int32_t> unite(const CsrView<const float>& a, const CsrView<const float>& b,
                                std::span<std::int64_t> offsets) {
    std::vector<std::int32_t> columns;
    columns.reserve(a.columns.size() + b.columns.size());
    offsets[0] = 0;
    for (std::int64_t row = 0; row < a.rows(); ++row) {
        std::ranges::set_union(a.row(row).columns, b.row(row).columns, std::back_inserter(columns));
        offsets[static_cast<std::size_t>(row) + 1] = static_cast<std::int64_t>(columns.size());
    }
    return columns;
}

}  // namespace pyrec
