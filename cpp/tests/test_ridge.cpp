#include "pyrec/ridge.hpp"

#include <cmath>
#include <vector>

#include "check.hpp"
#include "pyrec/errors.hpp"

namespace {

using Floats = std::vector<float>;

// Solves the rows {0: 3, 1: 5}, {} and {1: 2} on the given table of two columns' features.
Floats solve(const Floats& table, const Floats& base, double ridge, int threads) {
    const std::vector<std::int64_t> offsets = {0, 2, 2, 3};
    const std::vector<std::int32_t> columns = {0, 1, 1};
    const Floats values = {3, 5, 2};
    Floats solved(6, -1);
    pyrec::solve_ridge({offsets, columns, values, 2}, {table.data(), 2, 2}, base, ridge, {threads},
                       {solved.data(), 3, 2});
    return solved;
}

TEST(rows_are_regressed_on_the_features_of_their_columns) {
    // With features that are unit vectors: w = (y - base) / (1 + ridge n), entry by entry.
    const Floats solved = solve({1, 0, 0, 1}, {1, 2}, 0.5, 1);
    CHECK((solved == Floats{1, 1.5F, 0, 0, 0, 0}));
}

TEST(features_that_depend_on_one_another) {
    // Both columns have the features (1, 2): 2 w0 + 4 w1 + ridge 2 w0 = 8, 4 w0 + 8 w1 + ... = 16.
    const Floats solved = solve({1, 2, 1, 2}, {0, 0}, 0.5, 1);
    CHECK(std::abs(solved[0] - 8.0F / 11) < 1e-6F);
    CHECK(std::abs(solved[1] - 16.0F / 11) < 1e-6F);
}

TEST(threads_change_nothing) {
    CHECK(solve({1, 2, 3, 4}, {0, 1}, 0.1, 1) == solve({1, 2, 3, 4}, {0, 1}, 0.1, 3));
}

TEST(singular_equations_are_named) {
    CHECK_THROWS(solve({1, 2, 1, 2}, {0, 0}, 0, 1), pyrec::NumericalError);
}

}  // namespace
