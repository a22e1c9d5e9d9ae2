#include "pyrec/explain.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "least_squares.hpp"
#include "pyrec/errors.hpp"
#include "pyrec/topk.hpp"

namespace pyrec {

namespace {

// Writes the reasons of one entry of a list.
void write(TopK& best, double total, std::int64_t entry, const Reasons& reasons) {
    const auto k = static_cast<std::size_t>(reasons.rows.cols);
    best.drain({reasons.rows.row(entry), k}, {reasons.contributions.row(entry), k});
    reasons.totals[static_cast<std::size_t>(entry)] = total;
}

// One user's normal equations, and the items of a list as their right sides.
class NormalEquations {
public:
    NormalEquations(const AlsSide::Prepared& side, std::int64_t width)
        : side_(side),
          factors_(static_cast<std::size_t>(side.factors.cols)),
          width_(static_cast<std::size_t>(width)),
          matrix_(factors_ * factors_),
          solved_(factors_ * width_),
          sums_(width_) {}

    // Makes the upper half of A = a0 Y'Y + lambda I + sum of (|c| - a0) v v'.
    void load(const SparseRow<const float>& history, std::int64_t items) {
        const double unobserved = side_.options.unobserved_weight;
        for (std::size_t i = 0; i < matrix_.size(); ++i) matrix_[i] = unobserved * side_.gram[i];
        const double ridge =
            detail::penalty(side_.options, static_cast<std::int64_t>(history.size()), items);
        for (std::size_t a = 0; a < factors_; ++a) matrix_[a * factors_ + a] += ridge;
        history_.resize(std::max(history_.size(), history.size() * factors_));
        for (std::size_t j = 0; j < history.size(); ++j) {
            const float* const from = side_.factors.row(history.columns[j]);
            std::copy_n(from, factors_, vector(j));
            const double confidence = side_.options.alpha * static_cast<double>(history.values[j]);
            add(std::fabs(confidence) - unobserved, vector(j));
        }
    }

    // In place: A = U'U. False if it is singular.
    bool factorize() {
        for (std::size_t p = 0; p < factors_; ++p) {
            double* const pivot = &matrix_[p * factors_];
            // Rounding leaves no less of a pivot than this where the matrix is not singular.
            if (!(pivot[p] > 4e-16 * static_cast<double>(factors_) * side_.gram[p * factors_ + p] *
                                 side_.options.unobserved_weight) ||
                !std::isfinite(pivot[p])) {
                return false;
            }
            const double scale = 1 / std::sqrt(pivot[p]);
            for (std::size_t c = p; c < factors_; ++c) pivot[c] *= scale;
            for (std::size_t r = p + 1; r < factors_; ++r) {
                double* const row = &matrix_[r * factors_];
                const double times = pivot[r];
                for (std::size_t c = r; c < factors_; ++c) row[c] -= times * pivot[c];
            }
        }
        return true;
    }

    // Solves A z = w for all items of a list at once: the items lie side by side.
    void solve(std::span<const std::int32_t> items) {
        for (std::size_t i = 0; i < items.size(); ++i) {
            const float* const from = side_.factors.row(std::max(items[i], 0));
            for (std::size_t a = 0; a < factors_; ++a) solved(a)[i] = from[a];
        }
        for (std::size_t p = 0; p < factors_; ++p) {
            const double* const row = &matrix_[p * factors_];
            scale(solved(p), 1 / row[p]);
            for (std::size_t r = p + 1; r < factors_; ++r) subtract(solved(r), row[r], solved(p));
        }
        for (std::size_t p = factors_; p-- > 0;) {
            const double* const row = &matrix_[p * factors_];
            for (std::size_t r = p + 1; r < factors_; ++r) subtract(solved(p), row[r], solved(r));
            scale(solved(p), 1 / row[p]);
        }
    }

    // The products of entry `j` of the history with all that was solved for.
    std::span<const double> products(std::size_t j) {
        std::ranges::fill(sums_, 0.0);
        for (std::size_t a = 0; a < factors_; ++a) subtract(sums_.data(), -vector(j)[a], solved(a));
        return sums_;
    }

private:
    double* vector(std::size_t j) { return history_.data() + j * factors_; }
    double* solved(std::size_t a) { return solved_.data() + a * width_; }

    void add(double weight, const double* v) {
        for (std::size_t a = 0; a < factors_; ++a) {
            double* const row = &matrix_[a * factors_];
            const double times = weight * v[a];
            for (std::size_t b = a; b < factors_; ++b) row[b] += times * v[b];
        }
    }
    void scale(double* values, double by) const {
        for (std::size_t i = 0; i < width_; ++i) values[i] *= by;
    }
    void subtract(double* values, double times, const double* from) const {
        for (std::size_t i = 0; i < width_; ++i) values[i] -= times * from[i];
    }

    const AlsSide::Prepared& side_;
    std::size_t factors_;
    std::size_t width_;
    std::vector<double> matrix_;
    std::vector<double> solved_;   // factors x width
    std::vector<double> history_;  // a row per entry; as long as the longest history so far
    std::vector<double> sums_;
};

[[noreturn]] void throw_singular(std::int64_t row) {
    throw NumericalError("row " + std::to_string(row) +
                         ": its normal equations are singular; raise `regularization`");
}

}  // namespace

void explain_als(const CsrView<const float>& histories, const AlsSide& side,
                 DenseView<const std::int32_t> lists, const Execution& execution,
                 const Reasons& reasons) {
    const auto width = static_cast<std::size_t>(lists.cols);
    const double alpha = side.prepared().options.alpha;
    constexpr std::int64_t grain = 16;
    struct Worker {
        NormalEquations equations;
        std::vector<TopK> best;
        std::vector<double> totals;
    };
    std::vector<Worker> workers(
        static_cast<std::size_t>(worker_count(lists.rows, grain, execution)),
        Worker{NormalEquations(side.prepared(), lists.cols),
               std::vector<TopK>(width, TopK(reasons.rows.cols)), std::vector<double>(width)});
    const auto work = [&](std::int64_t begin, std::int64_t end, int index) {
        auto& [equations, best, totals] = workers[static_cast<std::size_t>(index)];
        for (std::int64_t user = begin; user < end; ++user) {
            const auto history = histories.row(user);
            const std::span items(lists.row(user), width);
            equations.load(history, histories.cols);
            if (!equations.factorize()) throw_singular(user);
            equations.solve(items);
            std::ranges::fill(totals, 0.0);
            for (std::size_t j = 0; j < history.size(); ++j) {
                const auto products = equations.products(j);
                const double confidence = alpha * static_cast<double>(history.values[j]);
                for (std::size_t i = 0; i < width; ++i) {
                    if (items[i] == no_row) continue;
                    const double added = std::max(confidence, 0.0) * products[i];
                    totals[i] += added;
                    best[i].push(static_cast<float>(added), history.columns[j]);
                }
            }
            for (std::size_t i = 0; i < width; ++i) {
                write(best[i], totals[i], user * lists.cols + static_cast<std::int64_t>(i),
                      reasons);
            }
        }
    };
    parallel_for(lists.rows, grain, execution, work);
}

void explain_sparse(const CsrView<const float>& histories, const CsrView<const float>& neighbors,
                    DenseView<const std::int32_t> lists, const Execution& execution,
                    const Reasons& reasons) {
    const auto width = static_cast<std::size_t>(lists.cols);
    constexpr std::int64_t grain = 64;
    struct Worker {
        std::vector<std::int32_t> places;  // of each item in the list, from 1; 0 if it is not there
        std::vector<TopK> best;
        std::vector<double> totals;
    };
    std::vector<Worker> workers(
        static_cast<std::size_t>(worker_count(lists.rows, grain, execution)),
        Worker{std::vector<std::int32_t>(static_cast<std::size_t>(neighbors.cols)),
               std::vector<TopK>(width + 1, TopK(reasons.rows.cols)),
               std::vector<double>(width + 1)});
    const auto work = [&](std::int64_t begin, std::int64_t end, int index) {
        auto& [places, best, totals] = workers[static_cast<std::size_t>(index)];
        for (std::int64_t user = begin; user < end; ++user) {
            const std::span items(lists.row(user), width);
            std::ranges::fill(totals, 0.0);
            for (std::size_t i = 0; i < width; ++i) {
                if (items[i] == no_row) continue;
                places[static_cast<std::size_t>(items[i])] = static_cast<std::int32_t>(i + 1);
            }
            const auto history = histories.row(user);
            for (std::size_t h = 0; h < history.size(); ++h) {
                const auto added = neighbors.row(history.columns[h]);
                for (std::size_t j = 0; j < added.size(); ++j) {
                    const auto place = static_cast<std::size_t>(
                        places[static_cast<std::size_t>(added.columns[j])]);
                    if (place == 0) continue;
                    const float contribution = history.values[h] * added.values[j];
                    totals[place] += contribution;
                    best[place].push(contribution, history.columns[h]);
                }
            }
            for (std::size_t i = 0; i < width; ++i) {
                write(best[i + 1], totals[i + 1], user * lists.cols + static_cast<std::int64_t>(i),
                      reasons);
                if (items[i] != no_row) places[static_cast<std::size_t>(items[i])] = 0;
            }
        }
    };
    parallel_for(lists.rows, grain, execution, work);
}

}  // namespace pyrec
