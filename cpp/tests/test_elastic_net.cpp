#include "pyrec/elastic_net.hpp"

#include <cmath>
#include <vector>

#include "check.hpp"
#include "pyrec/errors.hpp"

namespace {

using pyrec::CsrView;
using pyrec::ElasticNetOptions;

// The products of items of which each has 1 with itself and 0.5 with every other: a strict lower
// triangle, and what is left of each row as its candidates.
struct Problem {
    std::vector<std::int64_t> lower_offsets = {0}, offsets = {0};
    std::vector<std::int32_t> lower_columns, columns;
    std::vector<float> lower_values, ones, diagonal, ridges;

    Problem(std::int32_t n, float product, float ridge) : diagonal(n, 1.0F), ridges(n, ridge) {
        for (std::int32_t i = 0; i < n; ++i) {
            for (std::int32_t j = 0; j < n; ++j) {
                if (j == i) continue;
                columns.push_back(j);
                if (j < i) lower_columns.push_back(j);
            }
            offsets.push_back(std::ssize(columns));
            lower_offsets.push_back(std::ssize(lower_columns));
        }
        lower_values.assign(lower_columns.size(), product);
        ones.assign(columns.size(), 1.0F);
    }

    std::vector<float> solve(const ElasticNetOptions& options, int threads) const {
        const std::int64_t n = std::ssize(diagonal);
        std::vector<float> weights(columns.size());
        pyrec::regress_on_neighbors(
            CsrView<const float>{lower_offsets, lower_columns, lower_values, n}, diagonal, ridges,
            CsrView<const float>{offsets, columns, ones, n}, options, {threads}, weights);
        return weights;
    }
};

// By symmetry all weights are equal: (1 + ridge) w + (n - 2) product w = product - l1.
TEST(equal_items_have_equal_weights) {
    const Problem problem(9, 0.5F, 0.25F);
    for (const float l1 : {0.0F, 0.1F}) {
        const float expected = (0.5F - l1) / (1.25F + 7 * 0.5F);
        for (const float weight : problem.solve({.l1 = l1, .tolerance = 1e-6F}, 1)) {
            CHECK(std::abs(weight - expected) < 1e-5F);
        }
    }
}

TEST(what_speaks_against_an_item_may_be_left_out) {
    const Problem problem(5, -0.1F, 0.5F);
    for (const float weight : problem.solve({}, 1)) CHECK(weight < 0);
    for (const float weight : problem.solve({.nonnegative = true}, 1)) CHECK(weight == 0);
    for (const float weight : problem.solve({.l1 = 0.2F}, 1)) CHECK(weight == 0);
}

TEST(threads_change_nothing) {
    const Problem problem(60, 0.3F, 0.5F);
    CHECK(problem.solve({}, 1) == problem.solve({}, 4));
}

TEST(what_diverges_is_named) {
    const Problem problem(40, -0.9F, 0.0F);  // not positive definite
    CHECK_THROWS(problem.solve({.sweeps = 1000}, 1), pyrec::NumericalError);
}

}  // namespace
