#include "pyrec/resampling.hpp"

#include <cmath>
#include <vector>

#include "check.hpp"

namespace {

const std::int64_t n = 500;
const std::int64_t replicates = 400;

// Two columns: 0, 1, 2, ... and its double, so that paired draws keep the second twice the first.
std::vector<double> numbers() {
    std::vector<double> values;
    for (std::int64_t i = 0; i < n; ++i) {
        values.push_back(static_cast<double>(i));
        values.push_back(2.0 * static_cast<double>(i));
    }
    return values;
}

struct Moments {
    double mean = 0, deviation = 0;
};

Moments first_column(const std::vector<double>& sums) {
    Moments found;
    for (std::int64_t i = 0; i < replicates; ++i) {
        found.mean += sums[static_cast<std::size_t>(2 * i)] / static_cast<double>(replicates);
    }
    for (std::int64_t i = 0; i < replicates; ++i) {
        found.deviation += std::pow(sums[static_cast<std::size_t>(2 * i)] - found.mean, 2) /
                           static_cast<double>(replicates);
    }
    found.deviation = std::sqrt(found.deviation);
    return found;
}

template <class Sums>
void check_moments(const Sums& sums_of, double mean, double deviation) {
    const auto values = numbers();
    std::vector<double> one(2 * replicates), many(2 * replicates);
    sums_of({values.data(), n, 2}, 7, {1}, {one.data(), replicates, 2});
    sums_of({values.data(), n, 2}, 7, {5}, {many.data(), replicates, 2});
    CHECK(one == many);
    for (std::size_t i = 0; i < one.size(); i += 2) CHECK(one[i + 1] == 2 * one[i]);
    const Moments found = first_column(one);
    CHECK(std::abs(found.mean - mean) < 4 * deviation / std::sqrt(double{replicates}));
    CHECK(std::abs(found.deviation / deviation - 1) < 0.15);
}

}  // namespace

TEST(bootstrap_sums_have_the_moments_of_the_sample) {
    const double mean = static_cast<double>(n * (n - 1)) / 2;
    const double variance = (static_cast<double>(n) * static_cast<double>(n) - 1) / 12;
    check_moments(pyrec::bootstrap_sums, mean, std::sqrt(variance * n));
}

TEST(sign_flip_sums_are_symmetric) {
    const double squares = static_cast<double>((n - 1) * n * (2 * n - 1)) / 6;
    check_moments(pyrec::sign_flip_sums, 0, std::sqrt(squares));
}
