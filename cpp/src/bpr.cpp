#include "pyrec/bpr.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "random.hpp"
#include "simd/kernels.hpp"

namespace pyrec {

namespace {

using detail::Random;

// Blocks of users, and of items: as many threads find work. Smaller blocks of items than this would
// make negatives too much alike.
constexpr std::int64_t most_blocks = 16;
constexpr std::int64_t least_items = 64;
// Draws of a negative before a user is taken to have had nearly all items of a block.
constexpr int attempts = 8;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// A random order of rows, cut into blocks of equal length.
class Deal {
public:
    Deal(std::int64_t n, std::int64_t blocks, Random random) : order_(at(n)), block_(at(n)) {
        std::iota(order_.begin(), order_.end(), 0);
        for (std::int64_t i = n - 1; i > 0; --i) {
            std::swap(order_[at(i)], order_[at(random.below(i + 1))]);
        }
        for (std::int64_t block = 0; block < blocks; ++block) {
            starts_.push_back(n * block / blocks);
            const std::int64_t end = n * (block + 1) / blocks;
            for (std::int64_t i = starts_.back(); i < end; ++i) {
                block_[at(order_[at(i)])] = static_cast<std::uint8_t>(block);
            }
        }
        starts_.push_back(n);
    }

    std::span<const std::int32_t> members(std::int64_t block) const {
        const std::int64_t begin = starts_[at(block)];
        return std::span(order_).subspan(at(begin), at(starts_[at(block + 1)] - begin));
    }

    std::int64_t block_of(std::int32_t row) const { return block_[at(row)]; }

private:
    std::vector<std::int32_t> order_;
    std::vector<std::uint8_t> block_;
    std::vector<std::int64_t> starts_;
};

// Returns one of the items that the user has not had, or -1 if none was drawn.
std::int32_t draw_other(std::span<const std::int32_t> from, std::span<const std::int32_t> history,
                        Random& random) {
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const std::int32_t item = from[at(random.below(std::ssize(from)))];
        if (!std::ranges::binary_search(history, item)) return item;
    }
    return -1;
}

// The gradient of ln sigmoid with respect to the difference of the two scores.
float slope(const float* user, const float* liked, const float* other, std::int64_t factors) {
    const auto dot = detail::kernels().dot;
    return 1.0F / (1.0F + std::exp(dot(user, liked, factors) - dot(user, other, factors)));
}

void step(float* user, float* liked, float* other, std::int64_t factors,
          const BprOptions& options) {
    const float rate = options.learning_rate;
    const float gain = rate * slope(user, liked, other, factors);
    const float keep = 1 - rate * options.regularization;
    for (std::int64_t f = 0; f < factors; ++f) {
        const float before = user[f];
        user[f] = keep * before + gain * (liked[f] - other[f]);
        liked[f] = keep * liked[f] + gain * before;
        other[f] = keep * other[f] - gain * before;
    }
}

void step_of_user(float* user, const float* liked, const float* other, std::int64_t factors,
                  const BprOptions& options) {
    const float rate = options.learning_rate;
    const float gain = rate * slope(user, liked, other, factors);
    const float keep = 1 - rate * options.regularization;
    for (std::int64_t f = 0; f < factors; ++f) {
        user[f] = keep * user[f] + gain * (liked[f] - other[f]);
    }
}

}  // namespace

void bpr_epoch(const CsrView<const float>& matrix, std::int64_t epoch, const BprOptions& options,
               const Execution& execution, DenseView<float> users, DenseView<float> items) {
    const std::int64_t blocks = std::clamp<std::int64_t>(items.rows / least_items, 1, most_blocks);
    const std::int64_t streams = blocks * blocks + 2;
    const Deal users_dealt(users.rows, blocks, Random(options.seed, epoch * streams));
    const Deal items_dealt(items.rows, blocks, Random(options.seed, epoch * streams + 1));
    for (std::int64_t shift = 0; shift < blocks; ++shift) {
        parallel_for(blocks, 1, execution, [&](std::int64_t block, std::int64_t, int) {
            const std::int64_t met = (block + shift) % blocks;
            const auto from = items_dealt.members(met);
            Random random(options.seed, epoch * streams + 2 + block * blocks + met);
            for (const std::int32_t user : users_dealt.members(block)) {
                const auto history = matrix.row(user).columns;
                for (const std::int32_t item : history) {
                    if (items_dealt.block_of(item) != met) continue;
                    const std::int32_t other = draw_other(from, history, random);
                    if (other < 0) continue;
                    step(users.row(user), items.row(item), items.row(other), items.cols, options);
                }
            }
        });
    }
}

void bpr_fold_in(const CsrView<const float>& histories, DenseView<const float> items,
                 std::int64_t epochs, const BprOptions& options, const Execution& execution,
                 DenseView<float> users) {
    std::vector<std::int32_t> all(at(items.rows));
    std::iota(all.begin(), all.end(), 0);
    parallel_for(users.rows, 64, execution, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t user = begin; user < end; ++user) {
            std::fill_n(users.row(user), users.cols, 0.0F);
            const auto history = histories.row(user).columns;
            Random random(options.seed, 0);
            BprOptions now = options;
            for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
                now.learning_rate = options.learning_rate * static_cast<float>(epochs - epoch) /
                                    static_cast<float>(epochs);
                for (const std::int32_t item : history) {
                    const std::int32_t other = draw_other(all, history, random);
                    if (other < 0) continue;
                    step_of_user(users.row(user), items.row(item), items.row(other), items.cols,
                                 now);
                }
            }
        }
    });
}

}  // namespace pyrec
