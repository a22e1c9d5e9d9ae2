#include "pyrec/elastic_net.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "pyrec/errors.hpp"

namespace pyrec {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

float shrunk(float value, float l1, bool nonnegative) {
    if (value > l1) return value - l1;
    return !nonnegative && value < -l1 ? value + l1 : 0.0F;
}

// Solves the regression of one item at a time. Coordinate descent with the products of the
// candidates at hand ("covariance updates": Friedman, Hastie, Tibshirani, J. Stat. Softw. 33,
// 2010).
class Regression {
public:
    Regression(const CsrView<const float>& lower, std::span<const float> diagonal,
               std::span<const float> ridges, const ElasticNetOptions& options, std::int64_t most)
        : lower_(lower),
          diagonal_(diagonal),
          ridges_(ridges),
          options_(options),
          places_(diagonal.size(), -1),
          products_(at(most * most)),
          rest_(at(most)) {}

    void solve(std::int32_t item, std::span<const std::int32_t> candidates,
               std::span<float> weights) {
        gather(item, candidates);
        std::ranges::fill(weights, 0.0F);
        for (std::int64_t sweep = 0; sweep < options_.sweeps; ++sweep) {
            const auto [change, greatest] = descend(candidates, weights);
            if (!(greatest < 1e15F)) {
                throw NumericalError("item " + std::to_string(item) +
                                     ": its regression on its neighbours diverges; raise the "
                                     "regularization");
            }
            if (change <= options_.tolerance * greatest) break;
        }
    }

private:
    struct Progress {
        float change;
        float greatest;
    };

    // Collects the products of the candidates with one another and with the item.
    void gather(std::int32_t item, std::span<const std::int32_t> candidates) {
        const auto n = std::ssize(candidates);
        for (std::int64_t i = 0; i < n; ++i)
            places_[at(candidates[at(i)])] = static_cast<std::int32_t>(i);
        std::fill_n(products_.begin(), n * n, 0.0F);
        std::fill_n(rest_.begin(), n, 0.0F);
        scan(item, [&](std::int32_t place, float value) { rest_[at(place)] = value; });
        places_[at(item)] = static_cast<std::int32_t>(n);
        for (std::int64_t i = 0; i < n; ++i) {
            scan(candidates[at(i)], [&](std::int32_t place, float value) {
                if (place == n) {
                    rest_[at(i)] = value;
                } else {
                    products_[at(i * n + place)] = products_[at(place * n + i)] = value;
                }
            });
            products_[at(i * n + i)] = diagonal_[at(candidates[at(i)])];
        }
        for (const std::int32_t candidate : candidates) places_[at(candidate)] = -1;
        places_[at(item)] = -1;
    }

    template <class See>
    void scan(std::int32_t item, See&& see) {
        const auto row = lower_.row(item);
        for (std::size_t j = 0; j < row.size(); ++j) {
            const std::int32_t place = places_[at(row.columns[j])];
            if (place >= 0) see(place, row.values[j]);
        }
    }

    // Minimises over one weight after the other. `rest_` is X'(x_j - X w) all along.
    Progress descend(std::span<const std::int32_t> candidates, std::span<float> weights) {
        const auto n = std::ssize(candidates);
        Progress progress{0, 0};
        for (std::int64_t i = 0; i < n; ++i) {
            const float* const products = products_.data() + i * n;
            const float before = weights[at(i)];
            const float curvature = products[i] + ridges_[at(candidates[at(i)])];
            const float wanted = rest_[at(i)] + products[i] * before;
            const float after =
                curvature > 0 ? shrunk(wanted, options_.l1, options_.nonnegative) / curvature : 0;
            progress.greatest = std::max(progress.greatest, std::abs(after));
            const float change = after - before;
            if (change == 0) continue;
            weights[at(i)] = after;
            progress.change = std::max(progress.change, std::abs(change));
            for (std::int64_t j = 0; j < n; ++j) rest_[at(j)] -= change * products[j];
        }
        return progress;
    }

    const CsrView<const float> lower_;
    const std::span<const float> diagonal_;
    const std::span<const float> ridges_;
    const ElasticNetOptions options_;
    std::vector<std::int32_t> places_;  // of the candidates, -1 between two items
    std::vector<float> products_;
    std::vector<float> rest_;
};

}  // namespace

void regress_on_neighbors(const CsrView<const float>& lower, std::span<const float> diagonal,
                          std::span<const float> ridges, const CsrView<const float>& candidates,
                          const ElasticNetOptions& options, const Execution& execution,
                          std::span<float> weights) {
    constexpr std::int64_t grain = 4;
    std::int64_t most = 0;
    for (std::int64_t item = 0; item < candidates.rows(); ++item) {
        most = std::max(most, std::ssize(candidates.row(item).columns));
    }
    std::vector<std::unique_ptr<Regression>> regressions(
        at(worker_count(candidates.rows(), grain, execution)));
    parallel_for(
        candidates.rows(), grain, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
            auto& regression = regressions[at(worker)];
            if (!regression) {
                regression = std::make_unique<Regression>(lower, diagonal, ridges, options, most);
            }
            for (std::int64_t item = begin; item < end; ++item) {
                const auto row = candidates.row(item);
                regression->solve(static_cast<std::int32_t>(item), row.columns,
                                  weights.subspan(at(candidates.offsets[at(item)]), row.size()));
            }
        });
}

}  // namespace pyrec
