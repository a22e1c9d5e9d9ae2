// Normal equations of sparse rows, one row in each lane, solved exactly. No include guard: a body.

template <class L>
inline typename L::Vector maximum(typename L::Vector a, typename L::Vector b) {
    return -L::min(-a, -b);
}

template <class L>
inline bool any_below(const typename L::Scalar* lanes, typename L::Scalar bound) {
    for (int lane = 0; lane < L::width; ++lane) {
        if (!(lanes[lane] >= bound)) return true;
    }
    return false;
}

// Finds entries first..first + count of every lane: where their factors are and their confidences.
// A lane that has fewer gets factors of zero, for which any confidence will do.
template <class L>
inline void gather_entries(const LaneBatch<typename L::Scalar>& batch, std::int64_t first,
                           std::int64_t count) {
    for (int lane = 0; lane < L::width; ++lane) {
        const LaneRow& row = batch.rows[lane];
        for (std::int64_t e = 0; e < count; ++e) {
            const std::int64_t at = e * L::width + lane;
            const bool real = first + e < row.count;
            batch.entries[at] =
                real ? batch.table + row.columns[first + e] * batch.stride : batch.nothing;
            batch.confidences[at] = real ? batch.alpha * row.values[first + e] : batch.unobserved;
        }
    }
}

// The update of an entry is weight v v^T with weight = |c| - unobserved, its right side max(c, 0)
// v. Both come from rows of a panel scaled by s: s^2 is the weight, and the right side is the row
// times `target` = max(c, 0) / s. Where the weight vanishes, a trace of c is added to it so that s
// does not; the whole matrix contains c v v^T, so that it cannot notice. Negative weights (c below
// `unobserved`) are subtracted as products of a second panel. Tells whether there are any.
template <class L>
inline bool weigh_entries(const LaneBatch<typename L::Scalar>& batch, std::int64_t count) {
    using T = typename L::Scalar;
    const auto trace = L::broadcast(sizeof(T) == sizeof(float) ? T(1e-9) : T(1e-18));
    const auto smallest = L::broadcast(T(1e-30));
    auto least = L::zero();
    for (std::int64_t e = 0; e < count; ++e) {
        const std::int64_t at = e * L::width;
        const auto confidence = L::load(batch.confidences + at);
        const auto positive = maximum<L>(confidence, L::zero());
        const auto weight = maximum<L>(confidence, -confidence) - L::broadcast(batch.unobserved);
        const auto scale = L::sqrt(maximum<L>(weight, L::zero()) + trace * positive);
        L::store(batch.scales + at, scale);
        L::store(batch.targets + at, positive / maximum<L>(scale, smallest));
        L::store(batch.negatives + at, L::sqrt(maximum<L>(-weight, L::zero())));
        least = L::min(weight, least);
    }
    T lanes[L::width];
    L::store(lanes, least);
    return any_below<L>(lanes, 0);
}

template <class L>
inline std::int64_t longest(const LaneBatch<typename L::Scalar>& batch) {
    std::int64_t most = 0;
    for (int lane = 0; lane < L::width; ++lane) {
        if (batch.rows[lane].count > most) most = batch.rows[lane].count;
    }
    return most;
}

template <class L>
inline typename L::Vector ridges(const LaneBatch<typename L::Scalar>& batch) {
    typename L::Scalar lanes[L::width];
    for (int lane = 0; lane < L::width; ++lane) {
        lanes[lane] = static_cast<typename L::Scalar>(batch.rows[lane].ridge);
    }
    return L::load(lanes);
}

// lower = the common matrix + ridge I, for `size` factors from `first`; rows that only pad the last
// panel get a 1 on the diagonal.
template <class L>
inline void begin_systems(const LaneBatch<typename L::Scalar>& batch, std::int64_t first,
                          std::int64_t size) {
    const auto ridge = ridges<L>(batch);
    const std::int64_t panels = (size + panel_rows - 1) / panel_rows;
    auto* to = batch.lower;
    for (std::int64_t i = 0; i < panels; ++i) {
        for (std::int64_t column = 0; column < (i + 1) * panel_rows; ++column) {
            for (int r = 0; r < panel_rows; ++r, to += L::width) {
                const std::int64_t row = i * panel_rows + r;
                auto element = L::zero();
                if (row >= size) {
                    element = L::broadcast(row == column ? 1 : 0);
                } else if (batch.gram && column < size) {
                    const auto* from = batch.gram + (first + row) * batch.gram_stride;
                    element = L::broadcast(from[first + column]);
                } else if (row == column) {
                    element = L::broadcast(batch.diagonal[first + row]);
                }
                if (row == column && row < size) element = element + ridge;
                L::store(to, element);
            }
        }
    }
}

// The vector of element (row, row) of a triangular matrix.
template <class L>
inline const typename L::Scalar* diagonal_element(const LaneBatch<typename L::Scalar>& batch,
                                                  std::int64_t row) {
    return batch.lower +
           (panel_offset(row / panel_rows) + row * panel_rows + row % panel_rows) * L::width;
}

// Subtracts entries of negative weight, whose columns are in the panel. Tells the least part that
// remains of any element of the diagonal: the matrix is known only to the precision of what it was
// before.
template <class L>
inline typename L::Vector subtract_entries(const LaneBatch<typename L::Scalar>& batch,
                                           std::int64_t size, std::int64_t count) {
    for (std::int64_t j = 0; j < size; ++j) {
        L::store(batch.column_scales + j * L::width, L::load(diagonal_element<L>(batch, j)));
    }
    add_products<L>(batch.panel, (size + panel_rows - 1) / panel_rows, count, true, batch.lower);
    auto least = L::broadcast(1);
    for (std::int64_t j = 0; j < size; ++j) {
        const auto before = L::load(batch.column_scales + j * L::width);
        least = L::min(L::load(diagonal_element<L>(batch, j)) / before, least);
    }
    return least;
}

// The error that float32 makes of a sum of vectors, relative to the sum: much where they cancel.
// Squares, as are `energy`, the sum of the squares of their norms, and that of the sum's norm.
template <class L>
inline typename L::Vector rounding(typename L::Vector energy, typename L::Vector sum) {
    return energy * L::broadcast(4e-7F * 4e-7F) / (sum + L::broadcast(1e-37F));
}

// At most the sum of the squares of the norms of entries, each times its scale and its weight.
template <class L>
inline typename L::Vector energy_of_entries(const LaneBatch<typename L::Scalar>& batch,
                                            const typename L::Scalar* weights, std::int64_t count) {
    auto energy = L::zero();
    for (std::int64_t e = 0; e < count; ++e) {
        const auto factor = L::load(batch.scales + e * L::width) * L::load(weights + e * L::width);
        energy = L::fma(factor, factor, energy);
    }
    return energy * L::broadcast(batch.greatest_square);
}

template <class L>
void solve_direct(LaneBatch<typename L::Scalar>& batch) {
    const std::int64_t panels = (batch.factors + panel_rows - 1) / panel_rows;
    begin_systems<L>(batch, 0, batch.factors);
    for (std::int64_t j = 0; j < panels * panel_rows; ++j) {
        L::store(batch.solution + j * L::width, L::zero());
    }
    const std::int64_t entries = longest<L>(batch);
    auto remaining = L::broadcast(1);
    auto energy = L::zero();
    for (std::int64_t first = 0; first < entries; first += lane_chunk) {
        const std::int64_t count = entries - first < lane_chunk ? entries - first : lane_chunk;
        gather_entries<L>(batch, first, count);
        const bool any_negative = weigh_entries<L>(batch, count);
        load_columns<L>(batch.entries, count, 0, batch.factors, batch.scales, batch.panel);
        add_products<L>(batch.panel, panels, count, false, batch.lower);
        multiply_panel<L>(batch.panel, panels, count, batch.targets, batch.solution);
        energy = energy + energy_of_entries<L>(batch, batch.targets, count);
        if (!any_negative) continue;
        load_columns<L>(batch.entries, count, 0, batch.factors, batch.negatives, batch.panel);
        remaining = remaining * subtract_entries<L>(batch, batch.factors, count);
    }
    factorize<L>(batch.lower, panels, batch.worst);
    L::store(batch.remaining, remaining);
    auto right = L::zero();
    for (std::int64_t j = 0; j < batch.factors; ++j) {
        const auto element = L::load(batch.solution + j * L::width);
        right = L::fma(element, element, right);
    }
    L::store(batch.gradient, rounding<L>(energy, right));
    solve_factorized<L>(batch.lower, panels, batch.solution);
}

// For the lanes of `solve_dual` whose pivots are in doubt, the gradient M^1/2 B^T (t - y - B B^T y)
// that the solution y of the dual system leaves, relative to the right side M^1/2 B^T t. B^T y is
// in `solution`.
template <class L>
void measure_gradient(const LaneBatch<typename L::Scalar>& batch, const typename L::Scalar* y,
                      std::int64_t panels) {
    if (!any_below<L>(batch.worst, doubtful_pivot_ratio)) return;
    constexpr int step = panel_rows * L::width;
    auto* const residual = batch.negatives;
    for (std::int64_t e = 0; e < panels * panel_rows; ++e) {
        const std::int64_t at = e * L::width;
        L::store(residual + at, L::load(y + at) - L::load(batch.targets + at));
    }
    multiply_panel<L>(batch.panel, panels, batch.factors, batch.solution, residual);
    auto left = L::zero();
    auto right = L::broadcast(1e-37F);  // a row may have no target at all
    for (std::int64_t k = 0; k < batch.factors; ++k) {
        auto error = L::zero();
        auto target = L::zero();
        const auto* column = batch.panel + k * step;
        for (std::int64_t i = 0; i < panels; ++i, column += batch.factors * step) {
            for (int r = 0; r < panel_rows; ++r) {
                const std::int64_t at = i * step + r * L::width;
                const auto element = L::load(column + r * L::width);
                error = L::fma(element, L::load(residual + at), error);
                target = L::fma(element, L::load(batch.targets + at), target);
            }
        }
        const auto scale = L::load(batch.column_scales + k * L::width);
        left = L::fma(error / scale, error / scale, left);
        right = L::fma(target / scale, target / scale, right);
    }
    typename L::Scalar measured[L::width];
    L::store(measured, maximum<L>(left / right, L::load(batch.gradient)));
    for (int lane = 0; lane < L::width; ++lane) {
        if (batch.worst[lane] < doubtful_pivot_ratio) batch.gradient[lane] = measured[lane];
    }
}

// With M the common diagonal matrix, B the scaled entries times M^-1/2 and t the targets:
// x = M^-1/2 B^T (I + B B^T)^-1 t.
template <class L>
void solve_dual(LaneBatch<typename L::Scalar>& batch) {
    const std::int64_t count = longest<L>(batch);
    const std::int64_t panels = (count + panel_rows - 1) / panel_rows;
    gather_entries<L>(batch, 0, count);
    weigh_entries<L>(batch, count);
    const auto ridge = ridges<L>(batch);
    for (std::int64_t j = 0; j < batch.factors; ++j) {
        const auto diagonal = L::broadcast(batch.diagonal[j]) + ridge;
        L::store(batch.column_scales + j * L::width, L::broadcast(1) / L::sqrt(diagonal));
    }
    load_rows<L>(batch.entries, count, batch.factors, batch.scales, batch.column_scales,
                 batch.panel);
    auto* to = batch.lower;
    for (std::int64_t i = 0; i < panels; ++i) {
        for (std::int64_t column = 0; column < (i + 1) * panel_rows; ++column) {
            for (int r = 0; r < panel_rows; ++r, to += L::width) {
                L::store(to, L::broadcast(i * panel_rows + r == column ? 1 : 0));
            }
        }
    }
    add_products<L>(batch.panel, panels, batch.factors, false, batch.lower);
    factorize<L>(batch.lower, panels, batch.worst);
    L::store(batch.remaining, L::broadcast(1));
    for (std::int64_t e = count; e < panels * panel_rows; ++e) {
        L::store(batch.targets + e * L::width, L::zero());
    }
    auto* const weights = batch.confidences;
    for (std::int64_t e = 0; e < panels * panel_rows; ++e) {
        L::store(weights + e * L::width, L::load(batch.targets + e * L::width));
    }
    solve_factorized<L>(batch.lower, panels, weights);
    multiply_panel_transposed<L>(batch.panel, panels, batch.factors, weights, batch.solution);
    auto sum = L::zero();
    for (std::int64_t j = 0; j < batch.factors; ++j) {
        const auto element =
            L::load(batch.solution + j * L::width) / L::load(batch.column_scales + j * L::width);
        sum = L::fma(element, element, sum);
    }
    L::store(batch.gradient, rounding<L>(energy_of_entries<L>(batch, weights, count), sum));
    measure_gradient<L>(batch, weights, panels);
    for (std::int64_t j = 0; j < batch.factors; ++j) {
        auto* x = batch.solution + j * L::width;
        L::store(x, L::load(x) * L::load(batch.column_scales + j * L::width));
    }
}
