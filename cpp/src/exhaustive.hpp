// Scoring every item for one user: few users, and vectors too large to bound (private).
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "pyrec/scoring.hpp"
#include "pyrec/topk.hpp"
#include "pyrec/views.hpp"
#include "ranking.hpp"
#include "simd/kernels.hpp"

namespace pyrec::detail {

// Pushes the items [begin, end) that the filter lets through. Throws NumericalError for a score
// that overflows. Ascending rows: once the list of an all-zero user is full, nothing can enter it.
inline void score_all(DenseView<const float> users, DenseView<const float> items,
                      const Filter& filter, std::int64_t user, std::int64_t begin, std::int64_t end,
                      TopK& best) {
    constexpr std::int64_t batch = 256;
    const KernelTable& simd = kernels();
    const float* vector = users.row(user);
    const bool zero = std::all_of(vector, vector + users.cols, [](float x) { return x == 0.0F; });
    const auto hidden = excluded(filter, user);
    auto skip = std::ranges::lower_bound(hidden, begin);
    std::int32_t rows[batch];
    float scores[batch];
    for (std::int64_t item = begin; item < end && !(zero && best.full());) {
        std::int64_t count = 0;
        for (; item < end && count < batch; ++item) {
            if (skip != hidden.end() && *skip == item) {
                ++skip;
            } else if (is_allowed(filter, item)) {
                rows[count++] = static_cast<std::int32_t>(item);
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

}  // namespace pyrec::detail
