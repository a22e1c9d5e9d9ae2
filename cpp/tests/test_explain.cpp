#include "pyrec/explain.hpp"

#include <cmath>
#include <vector>

#include "check.hpp"
#include "pyrec/errors.hpp"
#include "pyrec/topk.hpp"

namespace {

using namespace pyrec;

struct Found {
    explicit Found(std::int64_t entries, std::int64_t k)
        : rows(static_cast<std::size_t>(entries * k)),
          contributions(rows.size()),
          totals(static_cast<std::size_t>(entries)),
          reasons{{rows.data(), entries, k}, {contributions.data(), entries, k}, totals} {}
    std::vector<std::int32_t> rows;
    std::vector<float> contributions;
    std::vector<double> totals;
    Reasons reasons;
};

// Users 0 and 1 of four items: {0 once, 1 twice} and nothing.
const std::vector<std::int64_t> offsets{0, 2, 2};
const std::vector<std::int32_t> columns{0, 1};
const std::vector<float> values{1, 2};
const std::vector<std::int32_t> lists{2, 3, 3, no_row};
const CsrView<const float> histories{offsets, columns, values, 4};

}  // namespace

TEST(sums_are_explained_by_their_terms) {
    const std::vector<std::int64_t> ends{0, 2, 3, 3, 3};
    const std::vector<std::int32_t> to{2, 3, 2};
    const std::vector<float> influence{0.5F, 0.25F, 1.0F};
    Found found(4, 2);
    explain_sparse(histories, {ends, to, influence, 4}, {lists.data(), 2, 2}, {2}, found.reasons);
    CHECK((found.rows == std::vector<std::int32_t>{1, 0, 0, -1, -1, -1, -1, -1}));
    CHECK(found.contributions[0] == 2.0F);
    CHECK(found.contributions[3] == no_score);
    CHECK((found.totals == std::vector<double>{2.5, 0.25, 0, 0}));
}

TEST(one_factor_by_hand) {
    const std::vector<float> factors{1, 2, 1, -1};
    AlsOptions options;
    options.solver = AlsSolver::exact;
    options.unobserved_weight = 1;
    options.regularization = 3;
    AlsSide side(options);
    side.prepare({factors.data(), 4, 1}, {});
    Found found(4, 1);
    explain_als(histories, side, {lists.data(), 2, 2}, {2}, found.reasons);
    // A = 7 + 3 + (2 - 1) * 4 = 14; item 1 adds 2 * 2 * w / 14.
    CHECK((found.rows == std::vector<std::int32_t>{1, 0, -1, -1}));
    CHECK(std::fabs(found.contributions[0] - 4.0F / 14) < 1e-6F);
    CHECK(std::fabs(found.contributions[1] + 1.0F / 14) < 1e-6F);
    CHECK(std::fabs(found.totals[0] - 5.0 / 14) < 1e-12);
}

TEST(singular_equations_are_refused) {
    const std::vector<float> factors{0, 0, 0, 0};
    AlsOptions options;
    options.solver = AlsSolver::exact;
    options.regularization = 0;
    bool refused = false;
    try {
        AlsSide side(options);
        side.prepare({factors.data(), 4, 1}, {});
        Found found(4, 1);
        explain_als(histories, side, {lists.data(), 2, 2}, {}, found.reasons);
    } catch (const NumericalError&) {
        refused = true;
    }
    CHECK(refused);
}
