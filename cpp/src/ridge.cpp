#include "pyrec/ridge.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "pyrec/errors.hpp"

namespace pyrec {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// The normal equations of one row at a time, in double precision: rating matrices are small beside
// logs of behaviour, and few factors serve them best.
class Equations {
public:
    explicit Equations(std::int64_t n) : n_(n), matrix_(at(n * n)), right_(at(n)) {}

    void add(const float* features, double target) {
        for (std::int64_t i = 0; i < n_; ++i) {
            double* const row = matrix_.data() + i * n_;
            const double feature = features[i];
            for (std::int64_t j = 0; j <= i; ++j) row[j] += feature * features[j];
            right_[at(i)] += feature * target;
        }
    }

    // Writes the solution by Cholesky and clears the equations; false if they are singular.
    bool solve(double ridge, float* solution) {
        for (std::int64_t i = 0; i < n_; ++i) matrix_[at(i * n_ + i)] += ridge;
        const bool regular = factorise();
        if (regular) substitute(solution);
        std::ranges::fill(matrix_, 0.0);
        std::ranges::fill(right_, 0.0);
        return regular;
    }

private:
    bool factorise() {
        for (std::int64_t i = 0; i < n_; ++i) {
            double* const row = matrix_.data() + i * n_;
            for (std::int64_t j = 0; j <= i; ++j) {
                const double* const other = matrix_.data() + j * n_;
                double rest = row[j];
                for (std::int64_t k = 0; k < j; ++k) rest -= row[k] * other[k];
                if (j < i) {
                    row[j] = rest / other[j];
                } else if (rest > 1e-13 * row[i] && std::isfinite(rest)) {
                    row[i] = std::sqrt(rest);
                } else {
                    return false;
                }
            }
        }
        return true;
    }

    void substitute(float* solution) {
        for (std::int64_t i = 0; i < n_; ++i) {
            const double* const row = matrix_.data() + i * n_;
            for (std::int64_t k = 0; k < i; ++k) right_[at(i)] -= row[k] * right_[at(k)];
            right_[at(i)] /= row[i];
        }
        for (std::int64_t i = n_ - 1; i >= 0; --i) {
            for (std::int64_t k = i + 1; k < n_; ++k) {
                right_[at(i)] -= matrix_[at(k * n_ + i)] * right_[at(k)];
            }
            right_[at(i)] /= matrix_[at(i * n_ + i)];
            solution[i] = static_cast<float>(right_[at(i)]);
        }
    }

    const std::int64_t n_;
    std::vector<double> matrix_;  // its lower half
    std::vector<double> right_;
};

}  // namespace

void solve_ridge(const CsrView<const float>& matrix, DenseView<const float> table,
                 std::span<const float> base, double ridge, const Execution& execution,
                 DenseView<float> solved) {
    constexpr std::int64_t grain = 16;
    std::vector<std::unique_ptr<Equations>> all(at(worker_count(matrix.rows(), grain, execution)));
    parallel_for(
        matrix.rows(), grain, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
            auto& equations = all[at(worker)];
            if (!equations) equations = std::make_unique<Equations>(table.cols);
            for (std::int64_t i = begin; i < end; ++i) {
                const auto row = matrix.row(i);
                std::fill_n(solved.row(i), solved.cols, 0.0F);
                if (row.size() == 0) continue;
                for (std::size_t j = 0; j < row.size(); ++j) {
                    const std::int32_t column = row.columns[j];
                    equations->add(table.row(column), double{row.values[j]} - base[at(column)]);
                }
                if (!equations->solve(ridge * static_cast<double>(row.size()), solved.row(i))) {
                    throw NumericalError("row " + std::to_string(i) +
                                         ": its equations are singular; raise `regularization`");
                }
            }
        });
}

}  // namespace pyrec
