// The C interface: checks what it is given, calls the core, and turns exceptions into codes.
#include "pyrec/c_api.h"

#include <cmath>
#include <cstdio>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "pyrec/csr.hpp"
#include "pyrec/errors.hpp"
#include "pyrec/item_index.hpp"
#include "pyrec/runtime.hpp"
#include "pyrec/scoring.hpp"

struct pyrec_factors {
    pyrec::DenseView<const float> items;
    pyrec::ItemIndexArrays index;
};

struct pyrec_neighbors {
    pyrec::CsrView<const float> similarities;
};

namespace pyrec {

namespace {

constexpr std::int64_t max_rows = 2147483647;  // row numbers are int32

// A fixed buffer: recording a failure must not be able to fail.
thread_local char last_error[512] = "";

int failed(int code, const char* message) noexcept {
    std::snprintf(last_error, sizeof last_error, "%s", message);
    return code;
}

template <class Work>
int guarded(Work&& work) noexcept {
    try {
        work();
        return PYREC_OK;
    } catch (const InvalidInput& error) {
        return failed(PYREC_INVALID_INPUT, error.what());
    } catch (const NumericalError& error) {
        return failed(PYREC_NUMERICAL_ERROR, error.what());
    } catch (const std::bad_alloc&) {
        return failed(PYREC_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception& error) {
        return failed(PYREC_INTERNAL_ERROR, error.what());
    } catch (...) {
        return failed(PYREC_INTERNAL_ERROR, "an exception of unknown type");
    }
}

void require(bool condition, const char* rule) {
    if (!condition) throw InvalidInput(rule);
}

DenseView<const float> checked_factors(const float* data, std::int64_t rows, std::int64_t cols,
                                       const std::string& name) {
    if (rows < 0 || rows > max_rows || cols < 1 || (rows > 0 && !data)) {
        throw InvalidInput(name + ": need an array of 0 to 2^31 - 1 rows and 1 or more factors");
    }
    for (std::int64_t i = 0; i < rows * cols; ++i) {
        if (!std::isfinite(data[i])) {
            throw InvalidInput(name + "[" + std::to_string(i / cols) + ", " +
                               std::to_string(i % cols) + "] is not a finite number");
        }
    }
    return {data, rows, cols};
}

CsrView<const float> checked_pattern(const std::int64_t* offsets, const std::int32_t* columns,
                                     std::int64_t rows, std::int64_t cols,
                                     const std::string& name) {
    if (rows < 0 || rows > max_rows || !offsets) {
        throw InvalidInput(name + ": need offsets, and 0 to 2^31 - 1 rows");
    }
    const std::int64_t nnz = offsets[rows];
    if (nnz < 0 || (nnz > 0 && !columns)) {
        throw InvalidInput(name + ": need the items that the offsets announce");
    }
    return {.offsets = {offsets, static_cast<std::size_t>(rows) + 1},
            .columns = {columns, static_cast<std::size_t>(nnz)},
            .values = {},
            .cols = cols};
}

void validate_named(const CsrView<const float>& matrix, const std::string& name) {
    try {
        validate(matrix);
    } catch (const InvalidInput& error) {
        throw InvalidInput(name + ": " + error.what());
    }
}

CsrView<const float> checked_matrix(const std::int64_t* offsets, const std::int32_t* columns,
                                    const float* values, std::int64_t rows, std::int64_t cols,
                                    const std::string& name) {
    CsrView<const float> matrix = checked_pattern(offsets, columns, rows, cols, name);
    if (!matrix.columns.empty() && !values) throw InvalidInput(name + ": need values");
    matrix.values = {values, matrix.columns.size()};
    validate_named(matrix, name);
    return matrix;
}

// A bit for each byte that is not 0, the form that kernels read; none where there are no bytes.
std::vector<std::uint64_t> as_bits(const std::uint8_t* bytes, std::int64_t n) {
    if (!bytes) return {};
    std::vector<std::uint64_t> bits(static_cast<std::size_t>((n + 63) / 64));
    for (std::int64_t i = 0; i < n; ++i) {
        bits[static_cast<std::size_t>(i / 64)] |= std::uint64_t{bytes[i] != 0} << (i % 64);
    }
    return bits;
}

Filter checked_filter(const std::int64_t* exclude_offsets, const std::int32_t* exclude_items,
                      std::span<const std::uint64_t> allowed, std::int64_t queries,
                      std::int64_t items) {
    Filter filter{.allowed = allowed};
    if (exclude_offsets) {
        filter.exclude = checked_pattern(exclude_offsets, exclude_items, queries, items, "exclude");
        validate_named(filter.exclude, "exclude");
    }
    return filter;
}

// The lists as spans: `queries` times k entries each.
struct Lists {
    Lists(std::int64_t queries, std::int64_t k, std::int32_t* to_rows, float* to_scores) {
        require(k >= 1 && k <= max_rows, "k: must be 1 to 2^31 - 1");
        require(queries == 0 || (to_rows && to_scores), "rows, scores: need both arrays");
        const auto size = static_cast<std::size_t>(queries * k);
        rows = {to_rows, size};
        scores = {to_scores, size};
    }

    std::span<std::int32_t> rows;
    std::span<float> scores;
};

Execution checked_execution(int threads) {
    require(threads >= 0, "threads: must be 0 (the default) or more");
    return {threads > 0 ? threads : default_threads()};
}

}  // namespace

}  // namespace pyrec

const char* pyrec_version(void) { return PYREC_VERSION; }

int pyrec_c_api_version(void) { return PYREC_C_API_VERSION; }

const char* pyrec_last_error(void) { return pyrec::last_error; }

int pyrec_factors_open(const float* items, int64_t n_items, int64_t n_factors, int threads,
                       pyrec_factors** factors) {
    return pyrec::guarded([&] {
        pyrec::require(factors, "factors: need a place for the handle");
        const auto view = pyrec::checked_factors(items, n_items, n_factors, "items");
        auto index = pyrec::index_items(view, pyrec::checked_execution(threads));
        *factors = new pyrec_factors{view, std::move(index)};
    });
}

int pyrec_factors_top_k(const pyrec_factors* factors, const float* users, int64_t n_users,
                        const int64_t* exclude_offsets, const int32_t* exclude_items,
                        const uint8_t* allowed, int64_t k, int threads, int32_t* rows,
                        float* scores) {
    return pyrec::guarded([&] {
        pyrec::require(factors, "factors: need an open handle");
        const auto& items = factors->items;
        const auto queries = pyrec::checked_factors(users, n_users, items.cols, "users");
        const auto bits = pyrec::as_bits(allowed, items.rows);
        const auto filter =
            pyrec::checked_filter(exclude_offsets, exclude_items, bits, n_users, items.rows);
        const pyrec::Lists lists(n_users, k, rows, scores);
        pyrec::recommend_indexed(queries, factors->index.view(items), filter, k,
                                 pyrec::checked_execution(threads), lists.rows, lists.scores);
    });
}

void pyrec_factors_close(pyrec_factors* factors) { delete factors; }

int pyrec_neighbors_open(const int64_t* offsets, const int32_t* items, const float* similarities,
                         int64_t n_items, pyrec_neighbors** neighbors) {
    return pyrec::guarded([&] {
        pyrec::require(neighbors, "neighbors: need a place for the handle");
        *neighbors = new pyrec_neighbors{
            pyrec::checked_matrix(offsets, items, similarities, n_items, n_items, "similarities")};
    });
}

int pyrec_neighbors_top_k(const pyrec_neighbors* neighbors, const int64_t* offsets,
                          const int32_t* items, const float* weights, int64_t n_histories,
                          const int64_t* exclude_offsets, const int32_t* exclude_items,
                          const uint8_t* allowed, int64_t k, int threads, int32_t* rows,
                          float* scores) {
    return pyrec::guarded([&] {
        pyrec::require(neighbors, "neighbors: need an open handle");
        const auto& similarities = neighbors->similarities;
        const auto histories = pyrec::checked_matrix(offsets, items, weights, n_histories,
                                                     similarities.cols, "histories");
        const auto bits = pyrec::as_bits(allowed, similarities.cols);
        const auto filter = pyrec::checked_filter(exclude_offsets, exclude_items, bits, n_histories,
                                                  similarities.cols);
        const pyrec::Lists lists(n_histories, k, rows, scores);
        pyrec::recommend_sparse(histories, similarities, filter, k,
                                pyrec::checked_execution(threads), lists.rows, lists.scores);
    });
}

void pyrec_neighbors_close(pyrec_neighbors* neighbors) { delete neighbors; }
