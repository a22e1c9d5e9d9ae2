#include "pyrec/resampling.hpp"

#include <algorithm>

namespace pyrec {

namespace {

// SplitMix64 (Steele, Lea and Flood 2014) from a state of its own for each replicate: a replicate
// depends on the seed and on its number, never on the thread that computes it.
class Random {
public:
    Random(std::uint64_t seed, std::int64_t stream) : state_(seed) {
        state_ = next() ^ (static_cast<std::uint64_t>(stream) * 0xd1342543de82ef95ULL);
        state_ = next();
    }

    std::uint64_t next() noexcept {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }

    // A number in [0, n), by the high half of a product (Lemire 2019): its bias is below n / 2^64.
    std::int64_t below(std::int64_t n) noexcept {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::int64_t>((static_cast<Wide>(next()) * static_cast<Wide>(n)) >> 64);
    }

private:
    std::uint64_t state_;
};

// Calls fill(random, sum) for each replicate, whose sum starts at zero.
template <class Fill>
void replicate(DenseView<const double> values, std::uint64_t seed, const Execution& execution,
               DenseView<double> sums, const Fill& fill) {
    const std::int64_t grain = std::max<std::int64_t>(1, 200'000 / (values.rows + 1));
    parallel_for(sums.rows, grain, execution, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
            std::fill_n(sums.row(i), sums.cols, 0.0);
            fill(Random(seed, i), sums.row(i));
        }
    });
}

}  // namespace

void bootstrap_sums(DenseView<const double> values, std::uint64_t seed, const Execution& execution,
                    DenseView<double> sums) {
    replicate(values, seed, execution, sums, [&](Random random, double* sum) {
        for (std::int64_t draw = 0; draw < values.rows; ++draw) {
            const double* row = values.row(random.below(values.rows));
            for (std::int64_t j = 0; j < values.cols; ++j) sum[j] += row[j];
        }
    });
}

void sign_flip_sums(DenseView<const double> values, std::uint64_t seed, const Execution& execution,
                    DenseView<double> sums) {
    replicate(values, seed, execution, sums, [&](Random random, double* sum) {
        std::uint64_t bits = 0;
        for (std::int64_t i = 0; i < values.rows; ++i) {
            bits = i % 64 == 0 ? random.next() : bits >> 1;
            const double sign = (bits & 1) != 0 ? 1.0 : -1.0;
            const double* row = values.row(i);
            for (std::int64_t j = 0; j < values.cols; ++j) sum[j] += sign * row[j];
        }
    });
}

}  // namespace pyrec
