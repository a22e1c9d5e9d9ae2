#include "pyrec/csr.hpp"

#include <limits>
#include <vector>

#include "check.hpp"
#include "pyrec/errors.hpp"

namespace {

struct Matrix {
    std::vector<std::int64_t> offsets = {0, 2, 3};
    std::vector<std::int32_t> columns = {0, 2, 1};
    std::vector<float> values = {1, 2, 3};
    std::int64_t cols = 3;

    pyrec::CsrView<const float> view() const { return {offsets, columns, values, cols}; }
};

}  // namespace

TEST(a_valid_matrix_passes) { pyrec::validate(Matrix{}.view()); }

TEST(broken_structure_is_named) {
    CHECK_THROWS(pyrec::validate(Matrix{.offsets = {0, 3, 2}}.view()), pyrec::InvalidInput);
    CHECK_THROWS(pyrec::validate(Matrix{.offsets = {1, 2, 3}}.view()), pyrec::InvalidInput);
    CHECK_THROWS(pyrec::validate(Matrix{.columns = {2, 0, 1}}.view()), pyrec::InvalidInput);
    CHECK_THROWS(pyrec::validate(Matrix{.columns = {0, 0, 1}}.view()), pyrec::InvalidInput);
    CHECK_THROWS(pyrec::validate(Matrix{.columns = {0, 3, 1}}.view()), pyrec::InvalidInput);
    CHECK_THROWS(pyrec::validate(Matrix{.columns = {-1, 2, 1}}.view()), pyrec::InvalidInput);
}

TEST(values_must_be_finite) {
    Matrix matrix;
    matrix.values[1] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS(pyrec::validate(matrix.view()), pyrec::InvalidInput);
}

TEST(rows_can_be_taken_in_any_order) {
    const Matrix matrix;
    const std::vector<std::int32_t> rows = {1, 0, 1};
    std::vector<std::int64_t> offsets(4);
    pyrec::take_offsets(matrix.view(), rows, offsets);
    CHECK((offsets == std::vector<std::int64_t>{0, 1, 3, 4}));
    std::vector<std::int32_t> columns(4);
    std::vector<float> values(4);
    pyrec::take_rows(matrix.view(), rows, offsets, columns, values);
    CHECK((columns == std::vector<std::int32_t>{1, 0, 2, 1}));
    CHECK((values == std::vector<float>{3, 1, 2, 3}));
}

TEST(transpose_keeps_values_and_positions) {
    const Matrix matrix;
    std::vector<std::int64_t> offsets(4);
    std::vector<std::int32_t> columns(3);
    std::vector<float> values(3);
    std::vector<std::int64_t> positions(3);
    pyrec::transpose(matrix.view(), offsets, columns, values, positions);
    CHECK((offsets == std::vector<std::int64_t>{0, 1, 2, 3}));
    CHECK((columns == std::vector<std::int32_t>{0, 1, 0}));
    CHECK((values == std::vector<float>{1, 3, 2}));
    CHECK((positions == std::vector<std::int64_t>{0, 2, 1}));
}

TEST(transpose_is_the_same_for_any_number_of_threads) {
    // Enough entries for several runs, some rows without any.
    Matrix matrix{.offsets = {0}, .columns = {}, .values = {}, .cols = 1009};
    for (std::int32_t row = 0; row < 30000; ++row) {
        const std::int32_t step = row % 7 == 0 ? 2000 : 10 + row % 50;
        for (std::int32_t c = row % 10; c < 1009; c += step) {
            matrix.columns.push_back(c);
            matrix.values.push_back(static_cast<float>(row + c));
        }
        matrix.offsets.push_back(std::ssize(matrix.columns));
    }
    const auto transposed = [&](int threads) {
        Matrix t{.offsets = std::vector<std::int64_t>(1010),
                 .columns = std::vector<std::int32_t>(matrix.columns.size()),
                 .values = std::vector<float>(matrix.columns.size()),
                 .cols = 30000};
        pyrec::transpose(matrix.view(), t.offsets, t.columns, t.values, {}, {threads});
        return t;
    };
    const Matrix expected = transposed(1);
    pyrec::validate(expected.view());
    for (const int threads : {2, 3}) {
        const Matrix t = transposed(threads);
        CHECK(t.offsets == expected.offsets);
        CHECK(t.columns == expected.columns);
        CHECK(t.values == expected.values);
    }
}

TEST(patterns_can_be_united) {
    const Matrix a;
    const Matrix b{.offsets = {0, 1, 2}, .columns = {1, 1}, .values = {1, 1}};
    std::vector<std::int64_t> offsets(3);
    CHECK((pyrec::unite(a.view(), b.view(), offsets) == std::vector<std::int32_t>{0, 1, 2, 1}));
    CHECK((offsets == std::vector<std::int64_t>{0, 3, 4}));
}

TEST(columns_can_be_taken_as_rows) {
    const Matrix matrix;
    const std::vector<std::int32_t> chosen = {2, 0};
    std::vector<std::int64_t> offsets(3);
    pyrec::take_column_offsets(matrix.view(), chosen, offsets);
    CHECK((offsets == std::vector<std::int64_t>{0, 1, 2}));
    std::vector<std::int32_t> columns(2);
    std::vector<float> values(2);
    pyrec::take_columns(matrix.view(), chosen, offsets, columns, values);
    CHECK((columns == std::vector<std::int32_t>{0, 0}));
    CHECK((values == std::vector<float>{2, 1}));
}

TEST(a_sum_tells_where_entries_went) {
    const Matrix a;
    const Matrix b{.offsets = {0, 2, 4}, .columns = {1, 2, 1, 2}, .values = {7, 1, 1, 9}};
    std::vector<std::int64_t> offsets(3);
    const pyrec::Sum sum = pyrec::add(a.view(), b.view(), offsets);
    CHECK((offsets == std::vector<std::int64_t>{0, 3, 5}));
    CHECK((sum.columns == std::vector<std::int32_t>{0, 1, 2, 1, 2}));
    CHECK((sum.values == std::vector<float>{1, 7, 3, 4, 9}));
    CHECK((sum.places == std::vector<std::int64_t>{0, 2, 3}));
    CHECK((sum.other_places == std::vector<std::int64_t>{1, 2, 3, 4}));
}
