#include "pyrec/views.hpp"

#include <vector>

#include "check.hpp"

TEST(dense_rows_are_contiguous) {
    std::vector<float> data = {1, 2, 3, 4, 5, 6};
    const pyrec::DenseView<float> view{data.data(), 3, 2};
    CHECK(view.row(2)[1] == 6.0F);
}

TEST(sparse_rows_have_their_values) {
    const std::vector<std::int64_t> offsets = {0, 2, 2, 3};
    const std::vector<std::int32_t> columns = {0, 3, 1};
    const std::vector<float> values = {1, 2, 3};
    const pyrec::CsrView<const float> view{offsets, columns, values, 4};
    CHECK(view.rows() == 3);
    CHECK(view.row(0).size() == 2);
    CHECK(view.row(1).size() == 0);
    CHECK(view.row(2).columns[0] == 1);
    CHECK(view.row(2).values[0] == 3.0F);
}

TEST(a_view_of_nothing_has_no_rows) { CHECK(pyrec::CsrView<const float>{}.rows() == 0); }

// A matrix of more than 2^31 entries: the arithmetic on offsets is 64-bit throughout.
TEST(offsets_beyond_two_to_the_31) {
    const std::int64_t large = std::int64_t{1} << 33;
    static const std::int32_t column = 7;
    const std::vector<std::int64_t> offsets = {0, large, large + 5};
    const pyrec::CsrView<const float> view{
        offsets, std::span(&column, static_cast<std::size_t>(large + 5)), {}, 8};
    CHECK(view.nnz() == large + 5);
    CHECK(view.row(1).size() == 5);
    CHECK(view.row(1).columns.data() - &column == large);
}
