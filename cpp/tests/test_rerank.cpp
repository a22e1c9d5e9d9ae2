#include "pyrec/rerank.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "check.hpp"
#include "pyrec/topk.hpp"

namespace {

using namespace pyrec;

// Two lists of the items 0 to 4 and 2 to 3; items 0 and 1 are copies, 2 lies between, 3 across.
const std::vector<std::int32_t> rows{0, 1, 2, 3, 4, 3, 2, no_row, no_row, no_row};
const std::vector<float> relevance{1.0F, 0.9F, 0.8F,     0.7F,     0.0F,
                                   1.0F, 0.5F, no_score, no_score, no_score};
const std::vector<float> vectors{1, 0, 1, 0, 0.6F, 0.8F, 0, 1, 0, 0};
const CandidateLists candidates{{rows.data(), 2, 5}, {relevance.data(), 2, 5}};

struct Chosen {
    std::vector<std::int32_t> rows = std::vector<std::int32_t>(6);
    std::vector<float> scores = std::vector<float>(6);
    ChosenLists view() { return {{rows.data(), 2, 3}, {scores.data(), 2, 3}}; }
};

// The same vectors as entries that are not zero.
struct Sparse {
    std::vector<std::int64_t> offsets{0, 1, 2, 4, 5, 5};
    std::vector<std::int32_t> columns{0, 0, 0, 1, 1};
    std::vector<float> values{1, 1, 0.6F, 0.8F, 1};
    CsrView<const float> view() const { return {offsets, columns, values, 2}; }
};

bool near(float a, float b) { return std::fabs(a - b) < 1e-5F; }

}  // namespace

TEST(by_relevance_alone) {
    Chosen chosen;
    rerank_by_relevance(candidates, {}, chosen.view());
    CHECK((chosen.rows == std::vector<std::int32_t>{0, 1, 2, 3, 2, no_row}));
    CHECK(chosen.scores[5] == no_score);
}

TEST(maximal_marginal_relevance_leaves_copies_for_later) {
    for (const int threads : {1, 3}) {
        Chosen dense, sparse;
        rerank_mmr(candidates, {{vectors.data(), 5, 2}, {}}, 0.5F, {threads}, dense.view());
        rerank_mmr(candidates, {{}, Sparse().view()}, 0.5F, {threads}, sparse.view());
        CHECK((dense.rows == std::vector<std::int32_t>{0, 3, 2, 3, 2, no_row}));
        CHECK(dense.rows == sparse.rows);
        CHECK(near(dense.scores[0], 0.5F));
        CHECK(near(dense.scores[1], 0.35F));
        CHECK(near(dense.scores[2], 0.0F));    // 0.4 - 0.5 * 0.8, as is item 4: the lower row
        CHECK(near(dense.scores[4], -0.15F));  // 0.25 - 0.5 * 0.8
    }
}

TEST(a_determinantal_point_process_adds_logarithms_of_volumes) {
    Chosen chosen;
    rerank_dpp(candidates, {{vectors.data(), 5, 2}, {}}, 0.5F, {2}, chosen.view());
    CHECK((chosen.rows == std::vector<std::int32_t>{0, 3, 4, 3, 2, no_row}));
    CHECK(near(chosen.scores[1], 0.35F));
    const float cosine = 0.99F * 0.8F;
    CHECK(near(chosen.scores[4], 0.25F + 0.5F * std::log(1 - cosine * cosine)));
}

TEST(a_calibrated_list_has_the_groups_of_its_user) {
    // Items 0, 1, 2 are of group 0, the others of group 1; the first user had both as often, the
    // second nothing.
    const std::vector<std::int64_t> offsets{0, 1, 2, 3, 4, 5}, mix_offsets{0, 2, 2};
    const std::vector<std::int32_t> groups{0, 0, 0, 1, 1}, mix_groups{0, 1};
    const std::vector<float> ones(5, 1.0F), halves(2, 0.5F);
    Chosen chosen;
    rerank_calibrated(candidates, {offsets, groups, ones, 2}, {mix_offsets, mix_groups, halves, 2},
                      0.5F, {1}, chosen.view());
    CHECK((chosen.rows == std::vector<std::int32_t>{0, 3, 1, 3, 2, no_row}));
    const float first = 0.5F * std::log((0.33F + 0.005F) / 0.005F);
    CHECK(near(chosen.scores[0], 0.5F + 0.5F * first));
    CHECK(near(chosen.scores[1], 0.35F + 0.5F * first));
    CHECK(near(chosen.scores[3], 0.5F));
}
