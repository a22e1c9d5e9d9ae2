#include "pyrec/scoring.hpp"

#include <algorithm>
#include <vector>

#include "exhaustive.hpp"
#include "pyrec/item_index.hpp"
#include "ranking.hpp"
#include "simd/kernels.hpp"

namespace pyrec {

namespace {

// From this many users on, an index of the items is worth the making.
constexpr std::int64_t least_users_for_index = 16;

}  // namespace

void recommend_dense(DenseView<const float> users, DenseView<const float> items,
                     const Filter& filter, std::int64_t k, const Execution& execution,
                     std::span<std::int32_t> rows, std::span<float> scores) {
    if (users.rows < least_users_for_index) {
        detail::recommend_exhaustively(users, items, filter, k, execution, rows, scores);
    } else {
        const auto index = index_items(items, execution);
        recommend_indexed(users, index.view(items), filter, k, execution, rows, scores);
    }
}

void score_pairs(DenseView<const float> users, DenseView<const float> items,
                 std::span<const std::int32_t> user_rows, std::span<const std::int32_t> item_rows,
                 const Execution& execution, std::span<float> scores) {
    const detail::KernelTable& simd = detail::kernels();
    const auto pairs = static_cast<std::int64_t>(user_rows.size());
    parallel_for(pairs, 32'768, execution, [&](std::int64_t begin, std::int64_t end, int) {
        for (auto pair = static_cast<std::size_t>(begin); pair < static_cast<std::size_t>(end);
             ++pair) {
            const std::int64_t user = user_rows[pair];
            const std::int64_t item = item_rows[pair];
            const float score = simd.dot(users.row(user), items.row(item), items.cols);
            scores[pair] = detail::checked_score(score, user, item);
        }
    });
}

}  // namespace pyrec
