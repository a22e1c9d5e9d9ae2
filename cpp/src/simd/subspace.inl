// Normal equations of sparse rows solved block by block of factors, one row in each lane: Rendle,
// Krichene, Zhang, Koren, "iALS++: Speeding up Matrix Factorization with Subspace Optimization"
// (2021). No include guard: a body.
//
// With the scaled entries B and their targets t (see weigh_entries), and the entries C of negative
// weight, the gradient is B^T (t - B x) + C^T C x - (common + ridge I) x. What the entries miss,
// t - B x and C x, is kept up to date from block to block, so that no block visits the others.

// misses += sign B change, for factors `first` to `end` of all entries; `loaded` tells that the
// panel has them already.
template <class L>
void move_misses(const LaneBatch<typename L::Scalar>& batch, std::int64_t entries, bool loaded,
                 std::int64_t first, std::int64_t end, const typename L::Scalar* scales,
                 const typename L::Scalar* change, int sign, typename L::Scalar* misses) {
    const std::int64_t panels = (end - first + panel_rows - 1) / panel_rows;
    typename L::Scalar products[lane_chunk * L::width];
    for (std::int64_t begin = 0; begin < entries; begin += lane_chunk) {
        const std::int64_t count = entries - begin < lane_chunk ? entries - begin : lane_chunk;
        const std::int64_t at = begin * L::width;
        if (!loaded) {
            load_columns<L>(batch.entries + at, count, first, end, scales + at, batch.panel);
        }
        multiply_panel_transposed<L>(batch.panel, panels, count, change, products);
        for (std::int64_t e = 0; e < count; ++e) {
            auto* miss = misses + at + e * L::width;
            const auto product = L::load(products + e * L::width);
            L::store(miss, sign > 0 ? L::load(miss) + product : L::load(miss) - product);
        }
    }
}

// change = -(common + ridge I) x, for factors `first` to `end`.
template <class L>
void begin_gradient(const LaneBatch<typename L::Scalar>& batch, std::int64_t first,
                    std::int64_t end, typename L::Scalar* change) {
    const auto ridge = ridges<L>(batch);
    const std::int64_t padded = (end - first + panel_rows - 1) / panel_rows * panel_rows;
    for (std::int64_t i = 0; i < padded; i += panel_rows) {
        typename L::Vector sums[panel_rows];
        const typename L::Scalar* rows[panel_rows];
        for (int r = 0; r < panel_rows; ++r) {
            const std::int64_t row = first + i + r;
            rows[r] = batch.gram + (row < end ? row : first) * batch.gram_stride;
            sums[r] = row < end ? -ridge * L::load(batch.solution + row * L::width) : L::zero();
        }
        for (std::int64_t k = 0; k < batch.factors; ++k) {
            const auto x = L::load(batch.solution + k * L::width);
            for (int r = 0; r < panel_rows; ++r) {
                sums[r] = L::fma(-L::broadcast(rows[r][k]), x, sums[r]);
            }
        }
        for (int r = 0; r < panel_rows; ++r) {
            L::store(change + (i + r) * L::width, first + i + r < end ? sums[r] : L::zero());
        }
    }
}

template <class L>
void improve_block(LaneBatch<typename L::Scalar>& batch, std::int64_t entries, bool any_negative,
                   std::int64_t first, std::int64_t end) {
    const std::int64_t size = end - first;
    const std::int64_t panels = (size + panel_rows - 1) / panel_rows;
    auto remaining = L::broadcast(1);
    begin_systems<L>(batch, first, size);
    begin_gradient<L>(batch, first, end, batch.change);
    for (std::int64_t begin = 0; begin < entries; begin += lane_chunk) {
        const std::int64_t count = entries - begin < lane_chunk ? entries - begin : lane_chunk;
        const std::int64_t at = begin * L::width;
        load_columns<L>(batch.entries + at, count, first, end, batch.scales + at, batch.panel);
        add_products<L>(batch.panel, panels, count, false, batch.lower);
        multiply_panel<L>(batch.panel, panels, count, batch.targets + at, batch.change);
        if (!any_negative) continue;
        load_columns<L>(batch.entries + at, count, first, end, batch.negatives + at, batch.panel);
        multiply_panel<L>(batch.panel, panels, count, batch.confidences + at, batch.change);
        remaining = remaining * subtract_entries<L>(batch, size, count);
    }
    L::store(batch.remaining, L::min(remaining, L::load(batch.remaining)));
    typename L::Scalar worst[L::width];
    factorize<L>(batch.lower, panels, worst);
    L::store(batch.worst, L::min(L::load(worst), L::load(batch.worst)));
    solve_factorized<L>(batch.lower, panels, batch.change);
    for (std::int64_t j = 0; j < size; ++j) {
        auto* x = batch.solution + (first + j) * L::width;
        L::store(x, L::load(x) + L::load(batch.change + j * L::width));
    }
}

template <class L>
void solve_subspace(LaneBatch<typename L::Scalar>& batch) {
    const std::int64_t entries = longest<L>(batch);
    gather_entries<L>(batch, 0, entries);
    const bool any_negative = weigh_entries<L>(batch, entries);
    auto* const opposites = batch.confidences;  // C x
    for (std::int64_t e = 0; e < entries; ++e) L::store(opposites + e * L::width, L::zero());
    const auto move = [&](std::int64_t first, std::int64_t end, const auto* change, bool loaded) {
        move_misses<L>(batch, entries, loaded, first, end, batch.scales, change, -1, batch.targets);
        if (!any_negative) return;
        move_misses<L>(batch, entries, false, first, end, batch.negatives, change, 1, opposites);
    };
    const auto end_of = [&](std::int64_t first) {
        return batch.factors - first < batch.block ? batch.factors : first + batch.block;
    };
    for (std::int64_t first = 0; first < batch.factors; first += batch.block) {
        move(first, end_of(first), batch.solution + first * L::width, false);
    }
    L::store(batch.worst, L::broadcast(1));
    L::store(batch.remaining, L::broadcast(1));
    L::store(batch.gradient, L::zero());
    for (std::int64_t first = 0; first < batch.factors; first += batch.block) {
        const std::int64_t end = end_of(first);
        improve_block<L>(batch, entries, any_negative, first, end);
        if (end == batch.factors) break;
        move(first, end, batch.change, entries <= lane_chunk && !any_negative);
    }
}

template <class L>
void load(const typename L::Scalar* rows, std::int64_t factors, std::int64_t stride,
          typename L::Scalar* solution) {
    for (std::int64_t j = 0; j < (factors + panel_rows - 1) / panel_rows * panel_rows; ++j) {
        for (int lane = 0; lane < L::width; ++lane) {
            solution[j * L::width + lane] = j < factors ? rows[lane * stride + j] : 0;
        }
    }
}

template <class L>
void unload(const typename L::Scalar* solution, std::int64_t factors, typename L::Scalar* rows,
            std::int64_t stride) {
    for (std::int64_t j = 0; j < factors; ++j) {
        for (int lane = 0; lane < L::width; ++lane) {
            rows[lane * stride + j] = solution[j * L::width + lane];
        }
    }
}

template <class L>
inline constexpr LaneKernels<typename L::Scalar> lane_kernels = {
    .width = L::width,
    .direct = solve_direct<L>,
    .dual = solve_dual<L>,
    .subspace = solve_subspace<L>,
    .load = load<L>,
    .unload = unload<L>,
};
