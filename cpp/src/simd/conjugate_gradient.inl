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

// to += factor from
inline void add_scaled(float factor, const float* from, float* to, std::int64_t stride) {
    const Isa::Float f = Isa::broadcast(factor);
    for (std::int64_t j = 0; j < stride; j += Isa::width) {
        Isa::store(to + j, Isa::fma(f, Isa::load(from + j), Isa::load(to + j)));
    }
}

// What a visit to a row's entries, each with its product s = v . x, adds to a vector.
enum class Visit {
    residual,   // (max(c, 0) - w s) v, and brings the factors together
    image,      // w s v
    curvature,  // nothing: the last step needs only the sum of w s^2
};

// The sum of w s^2, apart by its sign: what they cancel is lost to float32.
struct Curvature {
    float positive = 0;
    float negative = 0;
};

inline const float* entry_factors(const CgBatch& batch, const CgRow& row, std::int64_t entry) {
    return batch.table + row.columns[entry] * batch.stride;
}

template <Visit visit, int group>
inline void visit_entries(const CgBatch& batch, const CgRow& row, std::int64_t first,
                          const float* x, float* out, Curvature& curvature) {
    const float* v[group];
    Isa::Float sums[8];
#pragma GCC unroll 8
    for (int g = 0; g < group; ++g) {
        v[g] = visit != Visit::residual && row.packed ? row.packed + (first + g) * batch.stride
                                                      : entry_factors(batch, row, first + g);
    }
#pragma GCC unroll 8
    for (int g = 0; g < 8; ++g) sums[g] = Isa::zero();
    for (std::int64_t j = 0; j < batch.stride; j += Isa::width) {
        const Isa::Float right = Isa::load(x + j);
#pragma GCC unroll 8
        for (int g = 0; g < group; ++g) {
            const Isa::Float left = Isa::load(v[g] + j);
            if (visit == Visit::residual && row.packed) {
                Isa::store(row.packed + (first + g) * batch.stride + j, left);
            }
            sums[g] = Isa::fma(left, right, sums[g]);
        }
    }
    float products[8];
    Isa::sums(sums, products);
    Isa::Float factors[group];
    for (int g = 0; g < group; ++g) {
        const float confidence = batch.alpha * row.values[first + g];
        const float weight = __builtin_fabsf(confidence) - batch.unobserved;
        const float image = weight * products[g];
        if (visit == Visit::residual) {
            factors[g] = Isa::broadcast((confidence > 0 ? confidence : 0) - image);
        } else {
            factors[g] = Isa::broadcast(image);
            const float energy = image * products[g];
            (weight > 0 ? curvature.positive : curvature.negative) += energy;
        }
    }
    if (visit == Visit::curvature) return;
    for (std::int64_t j = 0; j < batch.stride; j += Isa::width) {
        Isa::Float sum = Isa::load(out + j);
#pragma GCC unroll 8
        for (int g = 0; g < group; ++g) sum = Isa::fma(factors[g], Isa::load(v[g] + j), sum);
        Isa::store(out + j, sum);
    }
}

template <Visit visit>
Curvature visit_row(const CgBatch& batch, const CgRow& row, const float* x, float* out) {
    Curvature curvature;
    std::int64_t entry = 0;
    for (; entry + 8 <= row.count; entry += 8) {
        if (visit == Visit::residual) {
            for (std::int64_t next = entry + 8; next < entry + 16 && next < row.count; ++next) {
                const float* factors = entry_factors(batch, row, next);
                for (std::int64_t j = 0; j < batch.stride; j += 16) __builtin_prefetch(factors + j);
            }
        }
        visit_entries<visit, 8>(batch, row, entry, x, out, curvature);
    }
    if (entry + 4 <= row.count) {
        visit_entries<visit, 4>(batch, row, entry, x, out, curvature);
        entry += 4;
    }
    for (; entry < row.count; ++entry) {
        visit_entries<visit, 1>(batch, row, entry, x, out, curvature);
    }
    return curvature;
}

// residual = b - A x, with the products Gram x already in it; direction = residual.
inline void start(const CgBatch& batch, int i) {
    const CgRow& row = batch.rows[i];
    const std::int64_t at = i * batch.stride;
    const Isa::Float ridge = Isa::broadcast(row.ridge);
    for (std::int64_t j = at; j < at + batch.stride; j += Isa::width) {
        const Isa::Float x = Isa::load(batch.solution + j);
        Isa::store(batch.residual + j, -Isa::fma(ridge, x, Isa::load(batch.residual + j)));
    }
    visit_row<Visit::residual>(batch, row, batch.solution + at, batch.residual + at);
    for (std::int64_t j = at; j < at + batch.stride; j += Isa::width) {
        Isa::store(batch.direction + j, Isa::load(batch.residual + j));
    }
}

void conjugate_gradient(CgBatch& batch) {
    constexpr int most = 16;
    const std::int64_t stride = batch.stride;
    float norms[most];
    float dense[most];
    float next[most];
    // Below this a residual is zero: its square would leave the range of float32.
    constexpr float nothing = 1e-30F;
    const auto gram_products = [&](const float* vectors, float* out) {
        multiply(vectors, stride, batch.count, stride, batch.gram, stride, stride, out, stride);
    };

    gram_products(batch.solution, batch.residual);
    for (int i = 0; i < batch.count; ++i) start(batch, i);
    row_products(batch.residual, batch.residual, batch.count, stride, norms);
    for (int step = 1; step <= batch.steps; ++step) {
        gram_products(batch.direction, batch.image);
        for (int i = 0; i < batch.count; ++i) {
            add_scaled(batch.rows[i].ridge, batch.direction + i * stride, batch.image + i * stride,
                       stride);
        }
        row_products(batch.direction, batch.image, batch.count, stride, dense);
        for (int i = 0; i < batch.count; ++i) {
            CgRow& row = batch.rows[i];
            if (norms[i] < nothing) continue;
            const std::int64_t at = i * stride;
            const Curvature sparse =
                step < batch.steps
                    ? visit_row<Visit::image>(batch, row, batch.direction + at, batch.image + at)
                    : visit_row<Visit::curvature>(batch, row, batch.direction + at, nullptr);
            const float gained = dense[i] + sparse.positive;
            const float curvature = gained + sparse.negative;
            if (!(curvature > 0.1F * gained)) {
                row.failed = true;
                norms[i] = 0;
                continue;
            }
            const float length = norms[i] / curvature;
            add_scaled(length, batch.direction + at, batch.solution + at, stride);
            add_scaled(-length, batch.image + at, batch.residual + at, stride);
        }
        if (step == batch.steps) break;
        row_products(batch.residual, batch.residual, batch.count, stride, next);
        for (int i = 0; i < batch.count; ++i) {
            if (norms[i] < nothing) continue;
            const Isa::Float ratio = Isa::broadcast(next[i] / norms[i]);
            for (std::int64_t j = i * stride; j < (i + 1) * stride; j += Isa::width) {
                Isa::store(batch.direction + j, Isa::fma(ratio, Isa::load(batch.direction + j),
                                                         Isa::load(batch.residual + j)));
            }
            norms[i] = next[i];
        }
    }
    row_products(batch.solution, batch.solution, batch.count, stride, next);
    for (int i = 0; i < batch.count; ++i) {
        if (!(next[i] <= 3e38F)) batch.rows[i].failed = true;  // overflow or NaN
    }
}
