// Conjugate gradients for a batch of rows in lockstep: the dense part of all their products with
// the Gram matrix is one matrix product, the sparse part visits each row's factors once per step.
// Hu, Koren, Volinsky 2008 with the solver of Takacs, Pilaszy, Tikk 2011. No include guard: a body.

// The inner products of row i of a with row i of b.
inline void row_products(const float* a, const float* b, int rows, std::int64_t stride,
                         float* out) {
    for (int first = 0; first < rows; first += 8) {
        const int count = rows - first < 8 ? rows - first : 8;
        Isa::Float sums[8];
        for (int r = 0; r < 8; ++r) sums[r] = Isa::zero();
        for (int r = 0; r < count; ++r) {
            const float* left = a + (first + r) * stride;
            const float* right = b + (first + r) * stride;
            for (std::int64_t j = 0; j < stride; j += Isa::width) {
                sums[r] = Isa::fma(Isa::load(left + j), Isa::load(right + j), sums[r]);
            }
        }
        Isa::sums(sums, out + first);
    }
}

// Of a sum's positive parts so much must be left when the negative ones have been taken off.
constexpr float kept = 0.1F;

// to += factor from
inline void add_scaled(float factor, const float* from, float* to, std::int64_t stride) {
    const Isa::Float f = Isa::broadcast(factor);
    for (std::int64_t j = 0; j < stride; j += Isa::width) {
        Isa::store(to + j, Isa::fma(f, Isa::load(from + j), Isa::load(to + j)));
    }
}

// residual = b - A x, with the products Gram x already in it; direction = residual. Where the parts
// of x' A x cancel, the residual is made of rounding errors.
inline void start(const CgBatch& batch, Ahead& ahead) {
    const std::int64_t stride = batch.stride;
    for (int i = 0; i < batch.count; ++i) {
        const Isa::Float ridge = Isa::broadcast(batch.rows[i].ridge);
        for (std::int64_t j = i * stride; j < (i + 1) * stride; j += Isa::width) {
            const Isa::Float x = Isa::load(batch.solution + j);
            Isa::store(batch.residual + j, -Isa::fma(ridge, x, Isa::load(batch.residual + j)));
        }
    }
    if (!batch.stops) {
        // Of 4, 8, 16, 24, 32 and 48 the one of least time on 20 million pairs: 5% less than 8.
        constexpr std::int64_t distance = 24;
        const CgRow& end = batch.rows[batch.count - 1];
        const std::int32_t* const first = batch.rows[0].columns + distance;
        if (first < end.columns + end.count) ahead.fetch_listed(first, end.columns + end.count);
    }
    float dense[most_cg_rows];  // negative, as the residual still is
    row_products(batch.solution, batch.residual, batch.count, stride, dense);
    const float all[most_cg_rows] = {};
    Curvature sparse[most_cg_rows];
    visit_rows<Visit::residual>(batch, batch.solution, batch.residual, all, 0, ahead, sparse);
    for (int i = 0; i < batch.count; ++i) {
        const float gained = sparse[i].positive - dense[i];
        batch.rows[i].failed = gained + sparse[i].negative < kept * gained;
    }
    __builtin_memcpy(batch.direction, batch.residual,
                     static_cast<std::size_t>(batch.count * stride) * sizeof(float));
}

// One step: the length of the best one along the direction, and where it leads to. `last`: nothing
// follows that would need the residual.
inline void step(const CgBatch& batch, bool last, float* norms, float least, Ahead& ahead) {
    const std::int64_t stride = batch.stride;
    multiply(batch.direction, stride, batch.count, stride, batch.gram, batch.gram_stride, stride,
             batch.image, stride);
    for (int i = 0; i < batch.count; ++i) {
        add_scaled(batch.rows[i].ridge, batch.direction + i * stride, batch.image + i * stride,
                   stride);
    }
    float dense[most_cg_rows];
    row_products(batch.direction, batch.image, batch.count, stride, dense);
    Curvature sparse[most_cg_rows];
    if (last) {
        visit_rows<Visit::curvature>(batch, batch.direction, batch.image, norms, least, ahead,
                                     sparse);
    } else {
        visit_rows<Visit::image>(batch, batch.direction, batch.image, norms, least, ahead, sparse);
    }
    for (int i = 0; i < batch.count; ++i) {
        if (norms[i] < least) continue;
        const float gained = dense[i] + sparse[i].positive;
        const float curvature = gained + sparse[i].negative;
        if (!(curvature > kept * gained)) {
            batch.rows[i].failed = true;
            norms[i] = 0;
            continue;
        }
        const float length = norms[i] / curvature;
        add_scaled(length, batch.direction + i * stride, batch.solution + i * stride, stride);
        if (last) continue;
        add_scaled(-length, batch.image + i * stride, batch.residual + i * stride, stride);
    }
}

void conjugate_gradient(CgBatch& batch) {
    const std::int64_t stride = batch.stride;
    float norms[most_cg_rows];
    float next[most_cg_rows];
    // Below this a residual is zero: its square would leave the range of float32.
    constexpr float nothing = 1e-30F;
    Ahead ahead(batch);

    multiply(batch.solution, stride, batch.count, stride, batch.gram, batch.gram_stride, stride,
             batch.residual, stride);
    start(batch, ahead);
    row_products(batch.residual, batch.residual, batch.count, stride, norms);
    for (int i = 0; i < batch.count; ++i) {
        if (batch.rows[i].failed) norms[i] = 0;
    }
    for (int i = 1; i < batch.steps; ++i) {
        step(batch, false, norms, nothing, ahead);
        row_products(batch.residual, batch.residual, batch.count, stride, next);
        for (int row = 0; row < batch.count; ++row) {
            if (norms[row] < nothing) continue;
            const Isa::Float ratio = Isa::broadcast(next[row] / norms[row]);
            for (std::int64_t j = row * stride; j < (row + 1) * stride; j += Isa::width) {
                Isa::store(batch.direction + j, Isa::fma(ratio, Isa::load(batch.direction + j),
                                                         Isa::load(batch.residual + j)));
            }
            norms[row] = next[row];
        }
    }
    step(batch, true, norms, nothing, ahead);
    row_products(batch.solution, batch.solution, batch.count, stride, next);
    for (int i = 0; i < batch.count; ++i) {
        if (!(next[i] <= 3e38F)) batch.rows[i].failed = true;  // overflow or NaN
    }
}
