#include "candidates.hpp"

#include <algorithm>
#include <limits>

namespace pyrec::detail {

std::int64_t products(std::span<const std::int32_t> row, std::span<const std::int64_t> offsets) {
    std::int64_t n = 0;
    for (const std::int32_t inner : row) n += offsets[at(inner) + 1] - offsets[at(inner)];
    return n;
}

Ratio ratio_of(float row_weight, const NeighborOptions& options) {
    switch (options.denominator) {
        case Denominator::product:
            return {row_weight, 0, 0, options.shrink};
        case Denominator::combined:
            return {1, row_weight, 1, options.shrink};
        default:
            return {0, 1, 0, 0};
    }
}

// The condition "similarity >= threshold" without the division, and weaker by 16 roundings, so that
// no column which meets the exact condition fails it.
Screen screen_for(float threshold, const Ratio& ratio) {
    if (!(threshold > 1e-30F)) return {};
    const double t = threshold * (1 - 1e-6);
    const double scale = t / (1 + t * ratio.overlap);
    return {true, static_cast<float>(scale * ratio.slope),
            static_cast<float>(scale * (double{ratio.own} + ratio.shrink))};
}

Candidates::Candidates(std::int64_t columns, std::span<const float> weights,
                       const NeighborOptions& options)
    : weights_(weights),
      options_(options),
      least_limit_(std::max<std::int64_t>(2 * options.k, 128)),
      columns_(at(columns + block_counts)),
      values_(columns_.size()),
      scratch_(2 * columns_.size() + 8 * block_columns) {}

void Candidates::start(float row_weight) {
    ratio_ = ratio_of(row_weight, options_);
    screen_ = screen_for(options_.threshold, ratio_);
    found_ = 0;
    divided_ = 0;
    limit_ = least_limit_;
    cut_ = -std::numeric_limits<float>::infinity();
    ties_ = 0;
}

void Candidates::tighten() {
    simd_.divide(values_.data() + divided_, columns_.data() + divided_, weights_.data(),
                 found_ - divided_, ratio_);
    if (found_ > options_.k) {
        const auto kept =
            simd_.keep_best(columns_.data(), values_.data(), found_, options_.k, scratch_.data());
        found_ = kept.better + kept.equal;
        cut_ = kept.threshold;
        ties_ = options_.k - kept.better;
        screen_ = screen_for(std::max(cut_, options_.threshold), ratio_);
    }
    divided_ = found_;
    // Ties can be many, and are not looked through again and again.
    limit_ = std::max(least_limit_, 2 * found_);
}

}  // namespace pyrec::detail
