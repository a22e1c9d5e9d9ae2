// Implicit-feedback matrix factorization by alternating least squares (Hu, Koren, Volinsky 2008).
//
// With the confidence c = alpha r of an observed pair, users u and items v minimise
//
//   sum over observed pairs |c| (p - u.v)^2 + a0 sum over the others (u.v)^2
//     + sum of lambda_u |u|^2 + sum of lambda_v |v|^2,
//
// where p is 1 if c > 0 and else 0, a0 is `unobserved_weight`, and lambda_u =
// regularization (n_u + a0 N)^regularization_exponent with n_u observed pairs out of N. So a0 = 1
// and exponent 0 is the objective of the paper; a small a0 and exponent 1 the one of Rendle,
// Krichene, Zhang, Koren, "Revisiting the Performance of iALS" (2022). A weight r < 0 says that the
// user is known not to like the item, r = 0 that nothing is known: such a pair counts neither way.
#pragma once

#include <memory>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

enum class AlsSolver { conjugate_gradient, exact, subspace };

struct AlsOptions {
    AlsSolver solver = AlsSolver::conjugate_gradient;
    double regularization = 0.01;
    double alpha = 1;
    double unobserved_weight = 1;
    double regularization_exponent = 0;
    // With as many steps as there are factors, and blocks as large, rows are solved exactly.
    int cg_steps = 3;
    int block_size = 32;  // of `subspace`, a multiple of 16
};

// The side that stays as it is during a half-step, made ready: its Gram matrix and what the solver
// derives from it. The factors must outlive it. Ready, it may be used by any number of threads.
class AlsSide {
public:
    explicit AlsSide(const AlsOptions& options);
    ~AlsSide();
    AlsSide(AlsSide&&) noexcept;
    AlsSide& operator=(AlsSide&&) noexcept;

    void prepare(DenseView<const float> factors, const Execution& execution);

    struct Prepared;
    const Prepared& prepared() const { return *prepared_; }

private:
    std::unique_ptr<Prepared> prepared_;
};

// Memory that half-steps work in; keep it for a whole fit. One half-step at a time.
class AlsScratch {
public:
    AlsScratch();
    ~AlsScratch();
    AlsScratch(AlsScratch&&) noexcept;
    AlsScratch& operator=(AlsScratch&&) noexcept;

    struct Workers;
    Workers& workers() { return *workers_; }

private:
    std::unique_ptr<Workers> workers_;
};

// One half-step: row i of `solved` becomes the factors that minimise the objective for row i of
// `matrix`: exactly, or nearly by conjugate gradients or blocks of factors from where it stands; of
// an empty row it becomes zero.
//
// Rows are solved in float32, and again in float64 where that has lost too many digits. Throws
// NumericalError if even that does not suffice: the normal equations are singular.
void als_solve(const CsrView<const float>& matrix, const AlsSide& side, DenseView<float> solved,
               AlsScratch& scratch, const Execution& execution);

// The objective, summed in double precision.
double als_objective(const CsrView<const float>& matrix, DenseView<const float> users,
                     DenseView<const float> items, const AlsOptions& options,
                     const Execution& execution);

}  // namespace pyrec
