#include "pyrec/resampling.hpp"

#include <algorithm>

#include "random.hpp"

namespace pyrec {

namespace {

using detail::Random;

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
