#include "pyrec/als.hpp"

#include <cmath>
#include <random>
#include <vector>

#include "check.hpp"
#include "pyrec/errors.hpp"
#include "pyrec/runtime.hpp"

namespace {

using pyrec::AlsOptions;
using pyrec::AlsSolver;

struct Problem {
    std::int64_t columns;
    std::int64_t factors;
    std::vector<std::int64_t> offsets = {0};
    std::vector<std::int32_t> entries;
    std::vector<float> values;
    std::vector<float> fixed;
    std::vector<float> start;

    pyrec::CsrView<const float> matrix() const { return {offsets, entries, values, columns}; }
    std::int64_t rows() const { return static_cast<std::int64_t>(offsets.size()) - 1; }

    std::vector<float> solve(const AlsOptions& options, int threads = 1) const {
        pyrec::AlsSide side(options);
        side.prepare({fixed.data(), columns, factors}, {threads});
        std::vector<float> solved = start;
        pyrec::AlsScratch scratch;
        pyrec::als_solve(matrix(), side, {solved.data(), rows(), factors}, scratch, {threads});
        return solved;
    }
};

// Rows from empty to full, with weights from `least` to `least` + 4.
Problem random_problem(std::int64_t rows, std::int64_t columns, std::int64_t factors, float least) {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> uniform;
    Problem problem{columns, factors};
    for (std::int64_t row = 0; row < rows; ++row) {
        const float density = static_cast<float>(row) / static_cast<float>(rows - 1);
        for (std::int32_t column = 0; column < columns; ++column) {
            if (uniform(random) >= density * density) continue;
            problem.entries.push_back(column);
            problem.values.push_back(least + 4 * uniform(random));
        }
        problem.offsets.push_back(static_cast<std::int64_t>(problem.entries.size()));
    }
    for (std::int64_t i = 0; i < columns * factors; ++i)
        problem.fixed.push_back(uniform(random) - 0.5F);
    for (std::int64_t i = 0; i < rows * factors; ++i)
        problem.start.push_back(uniform(random) - 0.5F);
    return problem;
}

// The largest element of the gradient of a row's objective at its solution.
double gradient(const Problem& problem, const AlsOptions& options, std::int64_t row,
                const float* x) {
    const auto product = [&](std::int64_t column) {
        double sum = 0;
        for (std::int64_t j = 0; j < problem.factors; ++j) {
            sum += double{problem.fixed[static_cast<std::size_t>(column * problem.factors + j)]} *
                   double{x[j]};
        }
        return sum;
    };
    const auto entries = problem.matrix().row(row);
    const double weight = static_cast<double>(entries.size()) +
                          options.unobserved_weight * static_cast<double>(problem.columns);
    const double ridge = options.regularization * std::pow(weight, options.regularization_exponent);
    std::vector<double> sum(static_cast<std::size_t>(problem.factors));
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] = ridge * double{x[j]};
    std::size_t next = 0;
    for (std::int32_t column = 0; column < problem.columns; ++column) {
        double factor = options.unobserved_weight * product(column);
        if (next < entries.size() && entries.columns[next] == column) {
            const double confidence = options.alpha * double{entries.values[next++]};
            factor = std::abs(confidence) * (product(column) - (confidence > 0 ? 1 : 0));
        }
        for (std::size_t j = 0; j < sum.size(); ++j) {
            sum[j] +=
                factor * double{problem.fixed[static_cast<std::size_t>(column) * sum.size() + j]};
        }
    }
    double largest = 0;
    for (const double element : sum) largest = std::max(largest, std::abs(element));
    return largest;
}

template <class Body>
void at_every_level(const Body& body) {
    const auto before = pyrec::simd_level();
    for (const auto level : pyrec::available_simd_levels()) {
        pyrec::set_simd_level(level);
        body();
    }
    pyrec::set_simd_level(before);
}

}  // namespace

TEST(exact_solutions_have_no_gradient) {
    at_every_level([] {
        for (const std::int64_t factors : {1, 2, 7, 16, 33, 70}) {
            for (const float least : {1.0F, -2.0F}) {
                const Problem problem = random_problem(37, 120, factors, least);
                const AlsOptions options{.solver = AlsSolver::exact,
                                         .regularization = 0.1,
                                         .unobserved_weight = 0.5,
                                         .regularization_exponent = 0.5};
                const auto solved = problem.solve(options);
                for (std::int64_t row = 0; row < problem.rows(); ++row) {
                    CHECK(gradient(problem, options, row,
                                   &solved[static_cast<std::size_t>(row * factors)]) < 2e-3);
                }
            }
        }
    });
}

TEST(many_conjugate_gradient_steps_reach_the_exact_solution) {
    at_every_level([] {
        const Problem problem = random_problem(20, 80, 37, 1);
        const auto exact = problem.solve({.solver = AlsSolver::exact, .regularization = 1});
        const auto steps = problem.solve({.regularization = 1, .cg_steps = 30});
        for (std::size_t i = 0; i < exact.size(); ++i) {
            CHECK(std::abs(exact[i] - steps[i]) < 1e-3F);
        }
    });
}

TEST(many_sweeps_over_subspaces_reach_the_exact_solution) {
    at_every_level([] {
        Problem problem = random_problem(20, 80, 37, -1);  // with dislikes
        const auto exact = problem.solve({.solver = AlsSolver::exact, .regularization = 1});
        for (int sweep = 0; sweep < 60; ++sweep) {
            problem.start = problem.solve(
                {.solver = AlsSolver::subspace, .regularization = 1, .block_size = 16});
        }
        for (std::size_t i = 0; i < exact.size(); ++i) {
            CHECK(std::abs(exact[i] - problem.start[i]) < 1e-3F);
        }
    });
}

TEST(threads_do_not_change_a_bit) {
    at_every_level([] {
        const Problem problem = random_problem(500, 1500, 24, 1);
        for (const AlsSolver solver :
             {AlsSolver::exact, AlsSolver::conjugate_gradient, AlsSolver::subspace}) {
            const AlsOptions options{.solver = solver, .block_size = 16};
            const auto once = problem.solve(options);
            CHECK(problem.solve(options, 2) == once);
            CHECK(problem.solve(options, 7) == once);
        }
    });
}

TEST(an_exact_half_step_lowers_the_objective) {
    const Problem problem = random_problem(30, 60, 8, 1);
    const AlsOptions options{.solver = AlsSolver::exact};
    const auto objective = [&](const std::vector<float>& users) {
        return pyrec::als_objective(problem.matrix(), {users.data(), problem.rows(), 8},
                                    {problem.fixed.data(), 60, 8}, options, {2});
    };
    CHECK(objective(problem.solve(options)) < objective(problem.start));
}

TEST(singular_equations_are_an_error) {
    Problem problem = random_problem(5, 20, 6, 1);
    for (std::size_t i = 0; i < problem.fixed.size(); ++i) problem.fixed[i] = i % 6 == 0 ? 1 : 0;
    for (const AlsSolver solver : {AlsSolver::exact, AlsSolver::conjugate_gradient}) {
        const AlsOptions options{.solver = solver, .regularization = 0};
        if (solver == AlsSolver::exact) CHECK_THROWS(problem.solve(options), pyrec::NumericalError);
        problem.fixed[3] = std::nanf("");
        CHECK_THROWS(problem.solve(options), pyrec::NumericalError);
    }
}

TEST(nothing_to_solve_is_fine) {
    Problem problem{3, 2};
    problem.fixed.assign(6, 1.0F);
    CHECK(problem.solve({.solver = AlsSolver::exact}).empty());
    CHECK(problem.solve({}).empty());
    CHECK(problem.solve({.solver = AlsSolver::subspace}).empty());
}
