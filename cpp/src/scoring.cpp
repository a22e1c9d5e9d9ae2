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

// Each worker keeps the best of the items it takes; the order is total, so their union is exact.
void recommend_exhaustively(DenseView<const float> users, DenseView<const float> items,
                            const Filter& filter, std::int64_t k, const Execution& execution,
                            std::span<std::int32_t> rows, std::span<float> scores) {
    const auto n = static_cast<std::size_t>(users.rows);
    // About a millisecond: a multiply-add every tenth of a nanosecond, and a few for each pair.
    const std::int64_t grain = 10'000'000 / ((items.cols + 40) * std::max(users.rows, {1}));
    const std::int64_t chunk = std::max<std::int64_t>(grain, 1024);
    std::vector<std::vector<TopK>> best(
        static_cast<std::size_t>(worker_count(items.rows, chunk, execution)),
        std::vector<TopK>(n, TopK(std::min(k, items.rows))));
    const auto work = [&](std::int64_t begin, std::int64_t end, int worker) {
        auto& mine = best[static_cast<std::size_t>(worker)];
        for (std::size_t user = 0; user < n; ++user) {
            detail::score_all(users, items, filter, static_cast<std::int64_t>(user), begin, end,
                              mine[user]);
        }
    };
    parallel_for(items.rows, chunk, execution, work);
    for (std::size_t user = 0; user < n; ++user) {
        for (std::size_t worker = 1; worker < best.size(); ++worker) {
            best[0][user].merge(best[worker][user]);
        }
        detail::drain_list(best[0][user], static_cast<std::int64_t>(user), k, rows, scores);
    }
}

}  // namespace

void recommend_dense(DenseView<const float> users, DenseView<const float> items,
                     const Filter& filter, std::int64_t k, const Execution& execution,
                     std::span<std::int32_t> rows, std::span<float> scores) {
    if (users.rows < least_users_for_index) {
        recommend_exhaustively(users, items, filter, k, execution, rows, scores);
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
