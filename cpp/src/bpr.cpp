#include "pyrec/bpr.hpp"

#include <algorithm>
#include <array>
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

// Returns one of the items that is not among `had`, in ascending order, or -1 if none was drawn.
std::int32_t draw_other(std::span<const std::int32_t> from, std::span<const std::int32_t> had,
                        Random& random) {
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const std::int32_t item = from[at(random.below(std::ssize(from)))];
        if (!std::ranges::binary_search(had, item)) return item;
    }
    return -1;
}

// Steps that wait until their rows have come from memory.
class Steps {
public:
    Steps(DenseView<float> users, DenseView<float> items, const BprOptions& options)
        : users_(users),
          items_(items),
          rate_(options.learning_rate),
          keep_(1 - options.learning_rate * options.regularization) {}

    void add(std::int32_t user, std::int32_t liked, std::int32_t other) {
        if (count_ == most) take();
        waiting_[at(count_++)] = {users_.row(user), items_.row(liked), items_.row(other)};
        for (const float* row : waiting_[at(count_ - 1)]) {
            for (std::int64_t f = 0; f < items_.cols; f += 16) __builtin_prefetch(row + f, 1);
        }
    }

    void take() {
        const auto step = detail::kernels().pairwise_step;
        for (const auto& [user, liked, other] : std::span(waiting_).first(at(count_))) {
            step(user, liked, other, items_.cols, rate_, keep_);
        }
        count_ = 0;
    }

private:
    static constexpr int most = 8;

    DenseView<float> users_, items_;
    float rate_, keep_;
    int count_ = 0;
    std::array<std::array<float*, 3>, most> waiting_;
};

// A step for each entry, user by user, with another item that is `from` the same block.
void take_steps(const Meetings::Entries& entries, std::span<const std::int32_t> from,
                Random& random, Steps& steps) {
    for (std::size_t begin = 0, end = 0; begin < entries.users.size(); begin = end) {
        const std::int32_t user = entries.users[begin];
        while (end < entries.users.size() && entries.users[end] == user) ++end;
        const auto had = entries.items.subspan(begin, end - begin);
        for (const std::int32_t item : had) {
            const std::int32_t other = draw_other(from, had, random);
            if (other >= 0) steps.add(user, item, other);
        }
    }
    steps.take();
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
                Random random(options.seed, epoch * streams + 2 + block * blocks + met);
                Steps steps(users, items, options);
                take_steps(meetings.of(block, met), items_dealt.members(met), random, steps);
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
        for (std::int64_t user = begin; user < end; ++user) {
            std::fill_n(users.row(user), users.cols, 0.0F);
            const auto history = histories.row(user).columns;
            Random random(options.seed, 0);
            for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
                const float rate = options.learning_rate * static_cast<float>(epochs - epoch) /
                                   static_cast<float>(epochs);
                for (const std::int32_t item : history) {
                    const std::int32_t other = draw_other(all, history, random);
                    if (other < 0) continue;
                    step(users.row(user), items.row(item), items.row(other), items.cols, rate,
                         1 - rate * options.regularization);
                }
            }
        }
    });
}

}  // namespace pyrec
