#include "pyrec/scoring.hpp"

#include <algorithm>

#include "ranking.hpp"
#include "simd/kernels.hpp"

namespace pyrec {

void recommend_dense(DenseView<const float> users, DenseView<const float> items,
                     const Filter& filter, std::int64_t k, const Execution& execution,
                     std::span<std::int32_t> rows, std::span<float> scores) {
    const detail::KernelTable& simd = detail::kernels();
    const std::int64_t flops_per_user = 2 * items.rows * items.cols + 1;
    const std::int64_t grain = std::max<std::int64_t>(1, 20'000'000 / flops_per_user);
    parallel_for(users.rows, grain, execution, [&](std::int64_t begin, std::int64_t end, int) {
        TopK best(std::min(k, items.rows));
        for (std::int64_t user = begin; user < end; ++user) {
            const auto seen = detail::excluded(filter, user);
            auto skip = seen.begin();
            for (std::int64_t item = 0; item < items.rows; ++item) {
                if (skip != seen.end() && *skip == item) {
                    ++skip;
                    continue;
                }
                if (!detail::is_allowed(filter, item)) continue;
                const float score = simd.dot(users.row(user), items.row(item), items.cols);
                best.push(detail::checked_score(score, user, item),
                          static_cast<std::int32_t>(item));
            }
            detail::drain_list(best, user, k, rows, scores);
        }
    });
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
