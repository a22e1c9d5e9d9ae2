// Symmetric systems side by side, one in each lane of the vectors: all of Cholesky becomes plain
// vector arithmetic, whatever the size of a system. No include guard: a body.
//
// Rows come in panels of four: for each column the vectors of rows 4i..4i+3 stand together, columns
// after one another. Of a triangular matrix, panel i has the columns up to its diagonal. So a
// product of panels, and the products within a factorization, read memory strictly forwards.

inline constexpr int panel_rows = 4;

// Where panel i of a triangular matrix begins, in vectors.
inline std::int64_t panel_offset(std::int64_t panel) {
    return panel_rows * panel_rows * panel * (panel + 1) / 2;
}

// out[c][r] +- the sum of a[r] b[c] over all columns, for two panels a and b; with few registers
// the tile is done in two halves.
template <class L>
inline void add_tile(const typename L::Scalar* a, const typename L::Scalar* b, std::int64_t columns,
                     bool subtract, typename L::Vector (&out)[panel_rows][panel_rows]) {
    constexpr int part = L::registers >= 32 ? panel_rows : panel_rows / 2;
    constexpr int step = panel_rows * L::width;
#pragma GCC unroll 2
    for (int first = 0; first < panel_rows; first += part) {
        typename L::Vector sums[part][panel_rows];
#pragma GCC unroll 4
        for (int c = 0; c < part; ++c) {
#pragma GCC unroll 4
            for (int r = 0; r < panel_rows; ++r) sums[c][r] = L::zero();
        }
        for (std::int64_t k = 0; k < columns; ++k) {
            typename L::Vector left[panel_rows];
#pragma GCC unroll 4
            for (int r = 0; r < panel_rows; ++r) left[r] = L::load(a + k * step + r * L::width);
#pragma GCC unroll 4
            for (int c = 0; c < part; ++c) {
                const typename L::Vector right = L::load(b + k * step + (first + c) * L::width);
#pragma GCC unroll 4
                for (int r = 0; r < panel_rows; ++r) {
                    sums[c][r] = L::fma(left[r], right, sums[c][r]);
                }
            }
        }
#pragma GCC unroll 4
        for (int c = 0; c < part; ++c) {
#pragma GCC unroll 4
            for (int r = 0; r < panel_rows; ++r) {
                out[first + c][r] =
                    subtract ? out[first + c][r] - sums[c][r] : out[first + c][r] + sums[c][r];
            }
        }
    }
}

template <class L>
inline void load_tile(const typename L::Scalar* from,
                      typename L::Vector (&tile)[panel_rows][panel_rows]) {
#pragma GCC unroll 4
    for (int c = 0; c < panel_rows; ++c) {
#pragma GCC unroll 4
        for (int r = 0; r < panel_rows; ++r) {
            tile[c][r] = L::load(from + (c * panel_rows + r) * L::width);
        }
    }
}

template <class L>
inline void store_tile(const typename L::Vector (&tile)[panel_rows][panel_rows],
                       typename L::Scalar* to) {
#pragma GCC unroll 4
    for (int c = 0; c < panel_rows; ++c) {
#pragma GCC unroll 4
        for (int r = 0; r < panel_rows; ++r) {
            L::store(to + (c * panel_rows + r) * L::width, tile[c][r]);
        }
    }
}

// Row `factor` of lane i, for `width` factors from `first`, becomes vector `factor`.
template <class L>
inline void load_factors(const float* const* entry, std::int64_t first, std::int64_t end,
                         typename L::Vector (&v)[L::width]) {
    if constexpr (sizeof(typename L::Scalar) == sizeof(float)) {
        for (int lane = 0; lane < L::width; ++lane) v[lane] = L::load(entry[lane] + first);
        L::transpose(v);
    } else {  // rows of double systems are not padded, and rare
        for (int j = 0; j < L::width; ++j) {
            typename L::Scalar column[L::width];
            for (int lane = 0; lane < L::width; ++lane) {
                column[lane] =
                    first + j < end ? static_cast<typename L::Scalar>(entry[lane][first + j]) : 0;
            }
            v[j] = L::load(column);
        }
    }
}

inline void prefetch_rows(const float* const* entry, int lanes, std::int64_t begin,
                          std::int64_t end) {
    for (int lane = 0; lane < lanes; ++lane) {
        for (std::int64_t j = begin; j < end; j += 16) __builtin_prefetch(entry[lane] + j);
    }
}

template <class L>
void load_rows(const float* const* entries, std::int64_t count, std::int64_t factors,
               const typename L::Scalar* scales, const typename L::Scalar* column_scales,
               typename L::Scalar* panel) {
    const std::int64_t padded = (count + panel_rows - 1) / panel_rows * panel_rows;
    for (std::int64_t e = 0; e < padded; ++e) {
        auto* to = panel + ((e / panel_rows) * factors * panel_rows + e % panel_rows) * L::width;
        if (e + 1 < count) prefetch_rows(entries + (e + 1) * L::width, L::width, 0, factors);
        for (std::int64_t first = 0; first < factors; first += L::width) {
            typename L::Vector v[L::width] = {};
            typename L::Vector scale = L::zero();
            if (e < count) {
                load_factors<L>(entries + e * L::width, first, factors, v);
                scale = L::load(scales + e * L::width);
            }
            const int size =
                static_cast<int>(factors - first < L::width ? factors - first : L::width);
            for (int j = 0; j < size; ++j) {
                const auto both = scale * L::load(column_scales + (first + j) * L::width);
                L::store(to + (first + j) * panel_rows * L::width, v[j] * both);
            }
        }
    }
}

// Entries become columns of panels whose rows are factors `begin` to `end`; `begin` is a multiple
// of the vector's width.
template <class L>
void load_columns(const float* const* entries, std::int64_t count, std::int64_t begin,
                  std::int64_t end, const typename L::Scalar* scales, typename L::Scalar* panel) {
    const std::int64_t rows = end - begin;
    const std::int64_t padded = (rows + panel_rows - 1) / panel_rows * panel_rows;
    for (std::int64_t e = 0; e < count; ++e) {
        const auto scale = L::load(scales + e * L::width);
        if (e + 1 < count) prefetch_rows(entries + (e + 1) * L::width, L::width, begin, end);
        for (std::int64_t first = 0; first < padded; first += L::width) {
            typename L::Vector v[L::width];
            load_factors<L>(entries + e * L::width, begin + first, end, v);
            const int size =
                static_cast<int>(padded - first < L::width ? padded - first : L::width);
            for (int j = 0; j < size; ++j) {
                const std::int64_t row = first + j;
                auto* to = panel + ((row / panel_rows) * count + e) * panel_rows * L::width;
                L::store(to + (row % panel_rows) * L::width, v[j] * scale);
            }
        }
    }
}

template <class L>
void add_products(const typename L::Scalar* panel, std::int64_t panels, std::int64_t columns,
                  bool subtract, typename L::Scalar* lower) {
    const std::int64_t size = columns * panel_rows * L::width;
    for (std::int64_t i = 0; i < panels; ++i) {
        for (std::int64_t j = 0; j <= i; ++j) {
            auto* to = lower + (panel_offset(i) + j * panel_rows * panel_rows) * L::width;
            typename L::Vector sums[panel_rows][panel_rows];
            load_tile<L>(to, sums);
            add_tile<L>(panel + i * size, panel + j * size, columns, subtract, sums);
            store_tile<L>(sums, to);
        }
    }
}

template <class L>
void multiply_panel(const typename L::Scalar* panel, std::int64_t panels, std::int64_t columns,
                    const typename L::Scalar* x, typename L::Scalar* out) {
    constexpr int step = panel_rows * L::width;
    for (std::int64_t i = 0; i < panels; ++i, panel += columns * step, out += step) {
        typename L::Vector sums[panel_rows];
        for (int r = 0; r < panel_rows; ++r) sums[r] = L::load(out + r * L::width);
        for (std::int64_t k = 0; k < columns; ++k) {
            const auto right = L::load(x + k * L::width);
            for (int r = 0; r < panel_rows; ++r) {
                sums[r] = L::fma(L::load(panel + k * step + r * L::width), right, sums[r]);
            }
        }
        for (int r = 0; r < panel_rows; ++r) L::store(out + r * L::width, sums[r]);
    }
}

template <class L>
void multiply_panel_transposed(const typename L::Scalar* panel, std::int64_t panels,
                               std::int64_t columns, const typename L::Scalar* y,
                               typename L::Scalar* out) {
    constexpr int step = panel_rows * L::width;
    for (std::int64_t k = 0; k < columns; ++k) L::store(out + k * L::width, L::zero());
    for (std::int64_t i = 0; i < panels; ++i, panel += columns * step, y += step) {
        typename L::Vector right[panel_rows];
        for (int r = 0; r < panel_rows; ++r) right[r] = L::load(y + r * L::width);
        for (std::int64_t k = 0; k < columns; ++k) {
            auto sum = L::load(out + k * L::width);
            for (int r = 0; r < panel_rows; ++r) {
                sum = L::fma(L::load(panel + k * step + r * L::width), right[r], sum);
            }
            L::store(out + k * L::width, sum);
        }
    }
}

// The Cholesky factor of a tile on the diagonal, in place; reciprocals on its diagonal.
template <class L>
inline void factorize_diagonal(typename L::Vector (&tile)[panel_rows][panel_rows],
                               const typename L::Vector (&before)[panel_rows],
                               typename L::Vector& worst) {
    const auto one = L::broadcast(1);
#pragma GCC unroll 4
    for (int c = 0; c < panel_rows; ++c) {
#pragma GCC unroll 4
        for (int d = 0; d < c; ++d) {
#pragma GCC unroll 4
            for (int r = c; r < panel_rows; ++r) {
                tile[c][r] = L::fma(-tile[d][c], tile[d][r], tile[c][r]);
            }
        }
        worst = L::min(tile[c][c] / before[c], worst);
        const auto reciprocal = one / L::sqrt(tile[c][c]);
        tile[c][c] = reciprocal;
#pragma GCC unroll 4
        for (int r = c + 1; r < panel_rows; ++r) tile[c][r] = tile[c][r] * reciprocal;
    }
}

// tile <- tile L^-T for the diagonal tile L of its columns.
template <class L>
inline void solve_tile(const typename L::Vector (&diagonal)[panel_rows][panel_rows],
                       typename L::Vector (&tile)[panel_rows][panel_rows]) {
#pragma GCC unroll 4
    for (int c = 0; c < panel_rows; ++c) {
#pragma GCC unroll 4
        for (int r = 0; r < panel_rows; ++r) {
#pragma GCC unroll 4
            for (int d = 0; d < c; ++d) {
                tile[c][r] = L::fma(-diagonal[d][c], tile[d][r], tile[c][r]);
            }
            tile[c][r] = tile[c][r] * diagonal[c][c];
        }
    }
}

// Row-oriented (Banachiewicz): panel i is finished before panel i + 1 is touched.
template <class L>
void factorize(typename L::Scalar* lower, std::int64_t panels, typename L::Scalar* worst_ratio) {
    auto worst = L::broadcast(1);
    for (std::int64_t i = 0; i < panels; ++i) {
        auto* row = lower + panel_offset(i) * L::width;
        for (std::int64_t j = 0; j <= i; ++j) {
            const auto* column = lower + panel_offset(j) * L::width;
            auto* at = row + j * panel_rows * panel_rows * L::width;
            typename L::Vector sums[panel_rows][panel_rows];
            load_tile<L>(at, sums);
            typename L::Vector before[panel_rows];
            for (int c = 0; c < panel_rows; ++c) before[c] = sums[c][c];
            add_tile<L>(row, column, j * panel_rows, true, sums);
            if (i == j) {
                factorize_diagonal<L>(sums, before, worst);
            } else {
                typename L::Vector diagonal[panel_rows][panel_rows];
                load_tile<L>(column + j * panel_rows * panel_rows * L::width, diagonal);
                solve_tile<L>(diagonal, sums);
            }
            store_tile<L>(sums, at);
        }
    }
    L::store(worst_ratio, worst);
}

// L y = b forwards, then L^T x = y backwards; a panel's part of x is final once it is computed.
template <class L>
void solve_factorized(const typename L::Scalar* lower, std::int64_t panels, typename L::Scalar* x) {
    constexpr int step = panel_rows * L::width;
    for (std::int64_t i = 0; i < panels; ++i) {
        const auto* row = lower + panel_offset(i) * L::width;
        typename L::Vector own[panel_rows];
        for (int r = 0; r < panel_rows; ++r) own[r] = L::load(x + i * step + r * L::width);
        for (std::int64_t k = 0; k < i * panel_rows; ++k) {
            const auto known = L::load(x + k * L::width);
            for (int r = 0; r < panel_rows; ++r) {
                own[r] = L::fma(-L::load(row + k * step + r * L::width), known, own[r]);
            }
        }
        typename L::Vector diagonal[panel_rows][panel_rows];
        load_tile<L>(row + i * panel_rows * step, diagonal);
        for (int c = 0; c < panel_rows; ++c) {
            for (int d = 0; d < c; ++d) own[c] = L::fma(-diagonal[d][c], own[d], own[c]);
            own[c] = own[c] * diagonal[c][c];
            L::store(x + i * step + c * L::width, own[c]);
        }
    }
    for (std::int64_t i = panels - 1; i >= 0; --i) {
        const auto* row = lower + panel_offset(i) * L::width;
        typename L::Vector own[panel_rows];
        typename L::Vector diagonal[panel_rows][panel_rows];
        load_tile<L>(row + i * panel_rows * step, diagonal);
        for (int c = panel_rows - 1; c >= 0; --c) {
            own[c] = L::load(x + i * step + c * L::width);
            for (int d = c + 1; d < panel_rows; ++d) {
                own[c] = L::fma(-diagonal[c][d], own[d], own[c]);
            }
            own[c] = own[c] * diagonal[c][c];
            L::store(x + i * step + c * L::width, own[c]);
        }
        for (std::int64_t k = 0; k < i * panel_rows; ++k) {
            auto left = L::load(x + k * L::width);
            for (int r = 0; r < panel_rows; ++r) {
                left = L::fma(-L::load(row + k * step + r * L::width), own[r], left);
            }
            L::store(x + k * L::width, left);
        }
    }
}
