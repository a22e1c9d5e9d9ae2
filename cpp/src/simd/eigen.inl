// The eigenvectors of one symmetric matrix: Householder's reduction to a tridiagonal matrix, then
// QL iterations with implicit shifts (Golub and Van Loan, Matrix Computations, 8.3). All inner
// loops run along rows, so that the compiler turns them into vectors. No include guard: a body.

// Reduces `a` to diagonal d and off-diagonal e (e[i] between i and i + 1). Row k keeps the vector
// of reflection k, scaled so that the reflection is I - v v^T.
inline void tridiagonalize(double* a, std::int64_t n, double* d, double* e, double* p) {
    for (std::int64_t k = 0; k + 1 < n; ++k) {
        double* v = a + k * n;
        d[k] = v[k];
        double squares = 0;
        for (std::int64_t j = k + 1; j < n; ++j) squares += v[j] * v[j];
        const double norm = __builtin_sqrt(squares);
        e[k] = v[k + 1] > 0 ? -norm : norm;
        if (norm == 0) continue;
        v[k + 1] -= e[k];
        // v^T v / 2 = norm (norm + |v[k + 1]|)
        const double scale = 1 / __builtin_sqrt(norm * __builtin_fabs(v[k + 1]));
        for (std::int64_t j = k + 1; j < n; ++j) v[j] *= scale;
        for (std::int64_t j = k + 1; j < n; ++j) p[j] = 0;
        for (std::int64_t i = k + 1; i < n; ++i) {
            const double* row = a + i * n;
            const double vi = v[i];
            for (std::int64_t j = k + 1; j < n; ++j) p[j] += vi * row[j];
        }
        double half = 0;
        for (std::int64_t j = k + 1; j < n; ++j) half += p[j] * v[j];
        half /= 2;
        for (std::int64_t j = k + 1; j < n; ++j) p[j] -= half * v[j];
        for (std::int64_t i = k + 1; i < n; ++i) {
            double* row = a + i * n;
            const double vi = v[i];
            const double pi = p[i];
            for (std::int64_t j = k + 1; j < n; ++j) row[j] -= vi * p[j] + pi * v[j];
        }
    }
    d[n - 1] = a[n * n - 1];
    e[n - 1] = 0;
}

// Multiplies the reflections that tridiagonalize() left in `a` into q, last one first.
inline void accumulate_reflections(const double* a, std::int64_t n, double* q, double* s) {
    for (std::int64_t i = 0; i < n * n; ++i) q[i] = 0;
    for (std::int64_t i = 0; i < n; ++i) q[i * n + i] = 1;
    for (std::int64_t k = n - 2; k >= 0; --k) {
        const double* v = a + k * n;
        if (v[k + 1] == 0) continue;  // the column was reduced already
        for (std::int64_t j = k + 1; j < n; ++j) s[j] = 0;
        for (std::int64_t i = k + 1; i < n; ++i) {
            for (std::int64_t j = k + 1; j < n; ++j) s[j] += v[i] * q[i * n + j];
        }
        for (std::int64_t i = k + 1; i < n; ++i) {
            for (std::int64_t j = k + 1; j < n; ++j) q[i * n + j] -= v[i] * s[j];
        }
    }
}

// Turns rows i and i + 1 of the eigenvectors by the angle with this cosine and sine.
inline void rotate(double* __restrict row, double* __restrict next, std::int64_t n, double cosine,
                   double sine) {
    for (std::int64_t j = 0; j < n; ++j) {
        const double above = row[j];
        const double below = next[j];
        row[j] = cosine * above - sine * below;
        next[j] = sine * above + cosine * below;
    }
}

// One QL sweep over rows first..last with Wilkinson's shift.
inline void ql_sweep(double* d, double* e, std::int64_t first, std::int64_t last, double* rows,
                     std::int64_t n) {
    const double slope = (d[first + 1] - d[first]) / (2 * e[first]);
    const double root = __builtin_sqrt(slope * slope + 1);
    double g = d[last] - d[first] + e[first] / (slope + (slope >= 0 ? root : -root));
    double cosine = 1;
    double sine = 1;
    double shift = 0;
    for (std::int64_t i = last - 1; i >= first; --i) {
        const double f = sine * e[i];
        const double b = cosine * e[i];
        const double r = __builtin_sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r == 0) {  // the matrix falls apart here: deflate and start again
            d[i + 1] -= shift;
            e[last] = 0;
            return;
        }
        sine = f / r;
        cosine = g / r;
        g = d[i + 1] - shift;
        const double t = (d[i] - g) * sine + 2 * cosine * b;
        shift = sine * t;
        d[i + 1] = g + shift;
        g = cosine * t - b;
        rotate(rows + i * n, rows + (i + 1) * n, n, cosine, sine);
    }
    d[first] -= shift;
    e[first] = g;
    e[last] = 0;
}

bool eigen(double* matrix, std::int64_t n, double* values, double* work) {
    double* e = work;
    double* scratch = work + n;
    double* q = work + 2 * n;
    tridiagonalize(matrix, n, values, e, scratch);
    accumulate_reflections(matrix, n, q, scratch);
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < n; ++j) matrix[j * n + i] = q[i * n + j];
    }
    for (std::int64_t first = 0; first < n; ++first) {
        for (int sweeps = 0;; ++sweeps) {
            std::int64_t last = first;
            for (; last + 1 < n; ++last) {
                const double size = __builtin_fabs(values[last]) + __builtin_fabs(values[last + 1]);
                if (size + __builtin_fabs(e[last]) == size) break;
            }
            if (last == first) break;
            if (sweeps == 60) return false;
            ql_sweep(values, e, first, last, matrix, n);
        }
    }
    return true;
}
