#include "pyrec/similarity.hpp"

#include <cmath>
#include <numeric>
#include <vector>

#include "check.hpp"
#include "mutual_search.hpp"
#include "pyrec/csr.hpp"
#include "pyrec/runtime.hpp"

namespace {

struct Matrix {
    std::vector<std::int64_t> offsets;
    std::vector<std::int32_t> columns;
    std::vector<float> values;
    std::int64_t cols;

    pyrec::CsrView<const float> view() const { return {offsets, columns, values, cols}; }

    Matrix transposed() const {
        Matrix t{std::vector<std::int64_t>(static_cast<std::size_t>(cols) + 1),
                 std::vector<std::int32_t>(columns.size()), std::vector<float>(columns.size()),
                 view().rows()};
        pyrec::transpose(view(), t.offsets, t.columns, t.values, {});
        return t;
    }
};

// Row i has the columns i, 2 i, 3 i, ... below `cols`, all with weight 1.
Matrix multiples(std::int32_t rows, std::int32_t cols) {
    Matrix matrix{{0}, {}, {}, cols};
    for (std::int32_t i = 1; i <= rows; ++i) {
        for (std::int32_t column = i; column < cols; column += i) {
            matrix.columns.push_back(column);
            matrix.values.push_back(1);
        }
        matrix.offsets.push_back(static_cast<std::int64_t>(matrix.columns.size()));
    }
    return matrix;
}

// Row i has a column with a probability that grows from next to nothing to almost 1.
Matrix ever_denser(std::int32_t rows, std::int32_t cols) {
    Matrix matrix{{0}, {}, {}, cols};
    std::uint32_t state = 1;
    for (std::int32_t row = 0; row < rows; ++row) {
        for (std::int32_t column = 0; column < cols; ++column) {
            state = state * 1664525U + 1013904223U;
            if (static_cast<std::int32_t>((state >> 8U) % static_cast<std::uint32_t>(rows)) < row) {
                matrix.columns.push_back(column);
            }
        }
        matrix.offsets.push_back(std::ssize(matrix.columns));
    }
    matrix.values.resize(matrix.columns.size(), 1);
    return matrix;
}

Matrix neighbors(const Matrix& rows, pyrec::NeighborOptions options, int threads) {
    options.mutual = true;
    const Matrix columns = rows.transposed();
    const auto n = static_cast<std::size_t>(rows.view().rows());
    std::vector<double> norms(n);
    pyrec::row_norms(rows.view(), norms);
    const std::vector<float> weights(norms.begin(), norms.end());
    std::vector<std::int32_t> selves(n);
    std::iota(selves.begin(), selves.end(), 0);
    Matrix found{std::vector<std::int64_t>(n + 1), {}, {}, static_cast<std::int64_t>(n)};
    pyrec::bound_neighbors(rows.view(), columns.view(), options.k, {threads}, found.offsets);
    found.columns.resize(static_cast<std::size_t>(found.offsets.back()));
    found.values.resize(found.columns.size());
    pyrec::find_neighbors(rows.view(), weights, columns.view(), weights, selves, options, {threads},
                          found.offsets, found.columns, found.values);
    found.columns.resize(static_cast<std::size_t>(found.offsets.back()));
    found.values.resize(found.columns.size());
    return found;
}

}  // namespace

TEST(the_most_similar_rows_in_column_order) {
    const Matrix rows{{0, 2, 4, 5}, {0, 1, 0, 1, 1}, {1, 1, 2, 2, 3}, 2};
    for (const auto level : pyrec::available_simd_levels()) {
        pyrec::set_simd_level(level);
        const Matrix dots = neighbors(rows, {.k = 1}, 1);
        CHECK((dots.offsets == std::vector<std::int64_t>{0, 1, 2, 3}));
        CHECK((dots.columns == std::vector<std::int32_t>{1, 2, 1}));
        CHECK((dots.values == std::vector<float>{4, 6, 6}));
        const Matrix cosines =
            neighbors(rows, {.k = 2, .denominator = pyrec::Denominator::product}, 1);
        CHECK((cosines.columns == std::vector<std::int32_t>{1, 2, 0, 2, 0, 1}));
        CHECK(std::abs(cosines.values[0] - 1) < 1e-6F);
        CHECK(std::abs(cosines.values[1] - std::sqrt(0.5F)) < 1e-6F);
    }
}

TEST(rows_with_nothing_in_common_have_no_neighbours) {
    const Matrix rows{{0, 1, 1, 2}, {0, 1}, {1, 1}, 2};
    const Matrix found = neighbors(rows, {.k = 5}, 1);
    CHECK((found.offsets == std::vector<std::int64_t>{0, 0, 0, 0}));
}

TEST(same_bits_for_any_number_of_threads_and_at_every_level) {
    const Matrix rows = multiples(500, 6000);
    const pyrec::NeighborOptions options{
        .k = 7, .denominator = pyrec::Denominator::product, .shrink = 0.5F};
    const Matrix expected = neighbors(rows, options, 1);
    CHECK(expected.columns.size() == 3500);
    for (const auto level : pyrec::available_simd_levels()) {
        pyrec::set_simd_level(level);
        for (const int threads : {1, 2, 7}) {
            const Matrix found = neighbors(rows, options, threads);
            CHECK(found.offsets == expected.offsets);
            CHECK(found.columns == expected.columns);
            CHECK(found.values == expected.values);
        }
    }
}

TEST(rows_of_more_entries_than_a_byte_counts) {
    // Rows share all of 300 entries, or all of 255, or are alone.
    Matrix rows{{0}, {}, {}, 600};
    for (const std::int32_t n : {300, 255, 300, 256, 255, 1}) {
        for (std::int32_t column = 0; column < n; ++column) rows.columns.push_back(column);
        rows.values.resize(rows.columns.size(), 1);
        rows.offsets.push_back(std::ssize(rows.columns));
    }
    for (const auto level : pyrec::available_simd_levels()) {
        pyrec::set_simd_level(level);
        const Matrix found = neighbors(rows, {.k = 2, .pattern = true}, 1);
        CHECK((found.offsets == std::vector<std::int64_t>{0, 2, 4, 6, 8, 10, 12}));
        CHECK((found.columns == std::vector<std::int32_t>{2, 3, 0, 2, 0, 3, 0, 2, 0, 1, 0, 1}));
        CHECK((found.values ==
               std::vector<float>{300, 256, 255, 255, 300, 256, 256, 256, 255, 255, 1, 1}));
    }
}

TEST(patterns_give_what_ones_as_values_give) {
    const Matrix rows = multiples(3000, 9000);
    for (const auto denominator : {pyrec::Denominator::none, pyrec::Denominator::product}) {
        for (const std::int64_t k : {1, 10, 150, 3000}) {
            pyrec::NeighborOptions options{.k = k, .denominator = denominator, .threshold = 0.01F};
            const Matrix expected = neighbors(rows, options, 2);
            options.pattern = true;
            const Matrix found = neighbors(rows, options, 2);
            CHECK(found.offsets == expected.offsets);
            CHECK(found.columns == expected.columns);
            CHECK(found.values == expected.values);
        }
    }
}

// Where rows have much in common, pairs are counted once: with a byte, or in rows of more than 255
// entries with a float. Dot products have many ties.
TEST(pairs_that_are_counted_once_give_what_ones_as_values_give) {
    for (const std::int32_t cols : {200, 800}) {
        const Matrix rows = ever_denser(130, cols);
        for (const auto denominator : {pyrec::Denominator::none, pyrec::Denominator::product,
                                       pyrec::Denominator::combined}) {
            for (const std::int64_t k : {1, 30}) {
                pyrec::NeighborOptions options{
                    .k = k, .denominator = denominator, .shrink = 0.5F, .threshold = 0.1F};
                const Matrix expected = neighbors(rows, options, 1);
                options.pattern = true;
                for (const auto level : pyrec::available_simd_levels()) {
                    pyrec::set_simd_level(level);
                    const Matrix found = neighbors(rows, options, 3);
                    CHECK(found.offsets == expected.offsets);
                    CHECK(found.columns == expected.columns);
                    CHECK(found.values == expected.values);
                }
            }
        }
    }
}

TEST(labels_of_32_bits_give_what_labels_of_16_bits_give) {
    const Matrix rows = ever_denser(130, 800);
    const Matrix columns = rows.transposed();
    const pyrec::NeighborOptions options{.k = 10, .pattern = true};
    const std::vector<float> weights(130, 1.0F);
    const auto search = [&]<class Label>(Label /*type*/) {
        std::vector<std::int64_t> offsets(131), lengths(130);
        for (std::size_t i = 0; i < 131; ++i) offsets[i] = static_cast<std::int64_t>(10 * i);
        Matrix found{offsets, std::vector<std::int32_t>(1300), std::vector<float>(1300), 130};
        const pyrec::detail::SortedRows<Label> sorted(rows.view(), columns.view(), weights, {});
        pyrec::detail::NeighborLists lists(sorted.order(), weights, options, offsets, found.columns,
                                           found.values);
        pyrec::detail::search_mutually(sorted, options, {}, lists);
        lists.close({}, lengths);
        return found;
    };
    const Matrix narrow = search(std::uint16_t{});
    const Matrix wide = search(std::int32_t{});
    CHECK(wide.columns == narrow.columns);
    CHECK(wide.values == narrow.values);
}
