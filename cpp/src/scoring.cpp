#include "pyrec/scoring.hpp"

#include <algorithm>

#include "pyrec/topk.hpp"
#include "simd/kernels.hpp"

namespace pyrec {

void recommend_dense(DenseView<const float> users, DenseView<const float> items,
                     const CsrView<const float>& exclude, std::int64_t k,
                     const Execution& execution, std::span<std::int32_t> rows,
                     std::span<float> scores) {
    const detail::KernelTable& simd = detail::kernels();
    const std::int64_t flops_per_user = 2 * items.rows * items.cols + 1;
    const std::int64_t grain = std::max<std::int64_t>(1, 20'000'000 / flops_per_user);
    parallel_for(users.rows, grain, execution, [&](std::int64_t begin, std::int64_t end, int) {
        TopK best(std::min(k, items.rows));
        for (std::int64_t user = begin; user < end; ++user) {
            const auto seen =
                exclude.rows() > 0 ? exclude.row(user).columns : std::span<const std::int32_t>{};
            auto skip = seen.begin();
            for (std::int64_t item = 0; item < items.rows; ++item) {
                if (skip != seen.end() && *skip == item) {
                    ++skip;
                    continue;
                }
                best.push(simd.dot(users.row(user), items.row(item), items.cols),
                          static_cast<std::int32_t>(item));
            }
            const auto at = static_cast<std::size_t>(user * k);
            best.drain(rows.subspan(at, static_cast<std::size_t>(k)),
                       scores.subspan(at, static_cast<std::size_t>(k)));
        }
    });
}

}  // namespace pyrec
