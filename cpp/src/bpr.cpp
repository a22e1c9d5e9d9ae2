#include "pyrec/bpr.hpp"

#include <algorithm>
#include <limits>
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
// Factors that a thread moves in about a tenth of a millisecond: for less none is started.
constexpr std::int64_t least_work = 100'000;

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

// The entries of the matrix, by block of users and block of items: users in their random order, the
// items of each in ascending order.
class Meetings {
public:
    struct Entries {
        std::span<const std::int32_t> users, items;
    };

    Meetings(const CsrView<const float>& matrix, const Deal& users, const Deal& items,
             std::int64_t blocks, std::int64_t grain, const Execution& execution)
        : blocks_(blocks),
          starts_(at(blocks * blocks + 1)),
          users_(at(matrix.nnz())),
          items_(at(matrix.nnz())) {
        const auto each = [&](auto&& visit) {
            parallel_for(blocks, grain, execution, [&](std::int64_t begin, std::int64_t end, int) {
                for (std::int64_t block = begin; block < end; ++block) {
                    for (const std::int32_t user : users.members(block)) {
                        for (const std::int32_t item : matrix.row(user).columns) {
                            visit(at(block * blocks + items.block_of(item)), user, item);
                        }
                    }
                }
            });
        };
        each([&](std::size_t met, std::int32_t, std::int32_t) { ++starts_[met + 1]; });
        std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
        std::vector<std::int64_t> next(starts_.begin(), starts_.end());
        each([&](std::size_t met, std::int32_t user, std::int32_t item) {
            const std::size_t to = at(next[met]++);
            users_[to] = user;
            items_[to] = item;
        });
    }

    Entries of(std::int64_t block, std::int64_t met) const {
        const std::size_t begin = at(starts_[at(block * blocks_ + met)]);
        const std::size_t size = at(starts_[at(block * blocks_ + met + 1)]) - begin;
        return {std::span(users_).subspan(begin, size), std::span(items_).subspan(begin, size)};
    }

private:
    std::int64_t blocks_;
    std::vector<std::int64_t> starts_;
    std::vector<std::int32_t> users_, items_;
};

// Items drawn at random, of which one stands for what the user had not.
class Rivals {
public:
    Rivals(DenseView<const float> items, std::int64_t candidates)
        : items_(items), drawn_(at(candidates)), scores_(at(candidates)) {}

    // Returns the one of those drawn with the highest score that is not among `had`, in ascending
    // order; -1 if all are.
    std::int32_t draw(const float* user, std::span<const std::int32_t> had,
                      std::span<const std::int32_t> from, Random& random) {
        for (std::int32_t& item : drawn_) item = from[at(random.below(std::ssize(from)))];
        detail::kernels().dot_rows(user, items_.data, drawn_.data(), std::ssize(drawn_),
                                   items_.cols, scores_.data());
        std::int32_t found = -1;
        float highest = -std::numeric_limits<float>::infinity();
        for (std::size_t i = 0; i < drawn_.size(); ++i) {
            if (scores_[i] <= highest || std::ranges::binary_search(had, drawn_[i])) continue;
            found = drawn_[i];
            highest = scores_[i];
        }
        return found;
    }

private:
    DenseView<const float> items_;
    std::vector<std::int32_t> drawn_;
    std::vector<float> scores_;
};

// Rows of factors come from memory while this many steps before theirs are taken.
constexpr std::size_t ahead = 8;

void fetch(const float* row, std::int64_t n) {
    for (std::int64_t f = 0; f < n; f += 16) __builtin_prefetch(row + f, 1);
}

// A step for each entry, user by user, with another item that is `from` the same block.
void take_steps(const Meetings::Entries& entries, std::span<const std::int32_t> from,
                const BprOptions& options, Random random, DenseView<float> users,
                DenseView<float> items) {
    const auto step = detail::kernels().pairwise_step;
    const float keep = 1 - options.learning_rate * options.regularization;
    Rivals rivals({items.data, items.rows, items.cols}, options.candidates);
    for (std::size_t begin = 0, end = 0; begin < entries.users.size(); begin = end) {
        float* user = users.row(entries.users[begin]);
        while (end < entries.users.size() && entries.users[end] == entries.users[begin]) ++end;
        const auto had = entries.items.subspan(begin, end - begin);
        for (std::size_t i = begin; i < end; ++i) {
            if (i + ahead < entries.users.size()) {
                fetch(users.row(entries.users[i + ahead]), items.cols);
                fetch(items.row(entries.items[i + ahead]), items.cols);
            }
            const std::int32_t other = rivals.draw(user, had, from, random);
            if (other < 0) continue;
            step(user, items.row(entries.items[i]), items.row(other), items.cols,
                 options.learning_rate, keep);
        }
    }
}

}  // namespace

void bpr_epoch(const CsrView<const float>& matrix, std::int64_t epoch, const BprOptions& options,
               const Execution& execution, DenseView<float> users, DenseView<float> items) {
    const std::int64_t blocks = std::clamp<std::int64_t>(items.rows / least_items, 1, most_blocks);
    const std::int64_t streams = blocks * blocks + 2;
    const Deal users_dealt(users.rows, blocks, Random(options.seed, epoch * streams));
    const Deal items_dealt(items.rows, blocks, Random(options.seed, epoch * streams + 1));
    const std::int64_t work = matrix.nnz() * items.cols / (blocks * blocks) + 1;
    const std::int64_t grain = std::clamp<std::int64_t>(least_work / work, 1, blocks);
    const Meetings meetings(matrix, users_dealt, items_dealt, blocks, grain, execution);
    for (std::int64_t shift = 0; shift < blocks; ++shift) {
        parallel_for(blocks, grain, execution, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t block = begin; block < end; ++block) {
                const std::int64_t met = (block + shift) % blocks;
                const Random random(options.seed, epoch * streams + 2 + block * blocks + met);
                take_steps(meetings.of(block, met), items_dealt.members(met), options, random,
                           users, items);
            }
        });
    }
}

void bpr_fold_in(const CsrView<const float>& histories, DenseView<const float> items,
                 std::int64_t epochs, const BprOptions& options, const Execution& execution,
                 DenseView<float> users) {
    std::vector<std::int32_t> all(at(items.rows));
    std::iota(all.begin(), all.end(), 0);
    const auto step = detail::kernels().pairwise_step_of_user;
    parallel_for(users.rows, 64, execution, [&](std::int64_t begin, std::int64_t end, int) {
        Rivals rivals(items, options.candidates);
        for (std::int64_t user = begin; user < end; ++user) {
            std::fill_n(users.row(user), users.cols, 0.0F);
            const auto history = histories.row(user).columns;
            Random random(options.seed, 0);
            for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
                const float rate = options.learning_rate * static_cast<float>(epochs - epoch) /
                                   static_cast<float>(epochs);
                for (const std::int32_t item : history) {
                    const std::int32_t other = rivals.draw(users.row(user), history, all, random);
                    if (other < 0) continue;
                    step(users.row(user), items.row(item), items.row(other), items.cols, rate,
                         1 - rate * options.regularization);
                }
            }
        }
    });
}

}  // namespace pyrec
