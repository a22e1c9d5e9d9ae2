#include "exhaustive.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include "ranking.hpp"
#include "simd/kernels.hpp"

namespace pyrec::detail {

void score_all(DenseView<const float> users, DenseView<const float> items, const Filter& filter,
               std::int64_t user, std::int64_t begin, std::int64_t end, TopK& best) {
    constexpr std::int64_t batch = 256;
    const KernelTable& simd = kernels();
    const float* vector = users.row(user);
    const bool zero = std::all_of(vector, vector + users.cols, [](float x) { return x == 0.0F; });
    const auto hidden = excluded(filter, user);
    auto skip = std::ranges::lower_bound(hidden, begin);
    std::int32_t rows[batch];
    float scores[batch];
    for (std::int64_t word = begin / word_items; word * word_items < end;) {
        if (zero && best.full()) break;
        std::int64_t count = 0;
        for (; word * word_items < end && count <= batch - word_items; ++word) {
            const std::int64_t first = word * word_items;
            std::uint64_t bits = allowed_word(filter, word, begin, end);
            for (; skip != hidden.end() && *skip < first + word_items; ++skip) {
                bits &= ~(std::uint64_t{1} << (*skip - first));
            }
            for (; bits != 0; bits &= bits - 1) {
                rows[count++] = static_cast<std::int32_t>(first + std::countr_zero(bits));
            }
        }
        simd.dot_rows(vector, items.data, rows, count, items.cols, scores);
        if (!all_finite({scores, static_cast<std::size_t>(count)})) {
            for (std::int64_t i = 0; i < count; ++i) checked_score(scores[i], user, rows[i]);
        }
        for (std::int64_t i = 0; i < count; ++i) {
            if (scores[i] >= best.threshold()) best.push(scores[i], rows[i]);
        }
    }
}

void recommend_exhaustively(DenseView<const float> users, DenseView<const float> items,
                            const Filter& filter, std::int64_t k, const Execution& execution,
                            std::span<std::int32_t> rows, std::span<float> scores) {
    const auto n = static_cast<std::size_t>(users.rows);
    // About a millisecond: a multiply-add every tenth of a nanosecond, and a few for each pair;
    // items that are not allowed take no time.
    const std::int64_t pairs = users.rows * count_allowed(filter, items.rows);
    const std::int64_t grain = 10'000'000 * items.rows / ((items.cols + 40) * pairs + 1);
    const std::int64_t chunk = std::max<std::int64_t>(grain, 1024);
    std::vector<std::vector<TopK>> best(
        static_cast<std::size_t>(worker_count(items.rows, chunk, execution)),
        std::vector<TopK>(n, TopK(std::min(k, items.rows))));
    const auto work = [&](std::int64_t begin, std::int64_t end, int worker) {
        auto& mine = best[static_cast<std::size_t>(worker)];
        for (std::size_t user = 0; user < n; ++user) {
            score_all(users, items, filter, static_cast<std::int64_t>(user), begin, end,
                      mine[user]);
        }
    };
    parallel_for(items.rows, chunk, execution, work);
    for (std::size_t user = 0; user < n; ++user) {
        for (std::size_t worker = 1; worker < best.size(); ++worker) {
            best[0][user].merge(best[worker][user]);
        }
        drain_list(best[0][user], static_cast<std::int64_t>(user), k, rows, scores);
    }
}

}  // namespace pyrec::detail
