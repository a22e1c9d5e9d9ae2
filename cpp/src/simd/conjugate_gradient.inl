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
    residual,   // (max(c, 0) - w s) v
    image,      // w s v
    curvature,  // nothing: the last step needs only the sum of w s^2
};

// Entries are visited eight at a time; what belongs to each is an element of such a vector,
// whatever the width of the instruction set.
typedef float Eight __attribute__((vector_size(32)));

// The sums of w s^2, apart by sign, because what they cancel is lost to float32.
struct Curvature {
    Eight positive = {};
    Eight negative = {};

    static float sum(const Eight& v) {
        return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
    }
};

// The products of x with `group` vectors.
template <int group>
inline void entry_products(const float* const (&v)[8], const float* x, std::int64_t stride,
                           Eight& products) {
    Isa::Float sums[8];
#pragma GCC unroll 8
    for (int g = 0; g < 8; ++g) sums[g] = Isa::zero();
    for (std::int64_t j = 0; j < stride; j += Isa::width) {
        const Isa::Float right = Isa::load(x + j);
#pragma GCC unroll 8
        for (int g = 0; g < group; ++g) sums[g] = Isa::fma(Isa::load(v[g] + j), right, sums[g]);
    }
    Isa::sums(sums, reinterpret_cast<float*>(&products));
}

// out += the sum of factors[g] v[g]. That sum is complete before it meets `out`, so that the next
// group need not wait for it.
template <int group>
inline void add_entries(const float* const (&v)[8], const Eight& factors, std::int64_t stride,
                        float* out) {
    Isa::Float scale[group];
#pragma GCC unroll 8
    for (int g = 0; g < group; ++g) scale[g] = Isa::broadcast(factors[g]);
    for (std::int64_t j = 0; j < stride; j += Isa::width) {
        Isa::Float sum = scale[0] * Isa::load(v[0] + j);
#pragma GCC unroll 8
        for (int g = 1; g < group; ++g) sum = Isa::fma(scale[g], Isa::load(v[g] + j), sum);
        Isa::store(out + j, Isa::load(out + j) + sum);
    }
}

template <Visit visit, int group>
inline void visit_entries(const CgBatch& batch, const float* const (&v)[8], const Eight& values,
                          const float* x, float* out, Curvature& curvature) {
    Eight products;
    entry_products<group>(v, x, batch.stride, products);
    const Eight confidence = batch.alpha * values;
    const Eight weight = (confidence > 0 ? confidence : -confidence) - batch.unobserved;
    const Eight image = weight * products;
    if (visit == Visit::residual) {
        add_entries<group>(v, (confidence > 0 ? confidence : Eight{}) - image, batch.stride, out);
        return;
    }
    const Eight energy = image * products;
    curvature.positive += energy > 0 ? energy : Eight{};
    curvature.negative += energy > 0 ? Eight{} : energy;
    if (visit == Visit::image) add_entries<group>(v, image, batch.stride, out);
}

// Fetches the factors of eight entries, wherever they are in the matrix, into the second-level
// cache: more of them can be under way there than into the first.
inline void prefetch_entries(const CgBatch& batch, const std::int32_t* columns) {
    const std::int64_t left = batch.columns_end - columns;
    for (std::int64_t i = 0; i < (left < 8 ? left : 8); ++i) {
        const float* factors = batch.table + columns[i] * batch.stride;
        for (std::int64_t j = 0; j < batch.stride; j += 16) __builtin_prefetch(factors + j, 0, 2);
    }
}

template <Visit visit>
Curvature visit_row(const CgBatch& batch, const CgRow& row, const float* x, float* out) {
    // How far ahead factors are fetched in the first visit: beyond the row, too, because the next
    // row's entries follow in memory. Later visits find them in the cache, unless they are too
    // many.
    constexpr std::int64_t ahead = 16;
    const bool fetch = visit == Visit::residual || row.count > batch.cached;
    Curvature curvature;
    const float* v[8];
    std::int64_t entry = 0;
    for (; entry + 8 <= row.count; entry += 8) {
        if (fetch) prefetch_entries(batch, row.columns + entry + ahead);
#pragma GCC unroll 8
        for (int g = 0; g < 8; ++g) v[g] = batch.table + row.columns[entry + g] * batch.stride;
        Eight values;
        __builtin_memcpy(&values, row.values + entry, sizeof(values));
        visit_entries<visit, 8>(batch, v, values, x, out, curvature);
    }
    const std::int64_t left = row.count - entry;
    if (fetch) prefetch_entries(batch, row.columns + entry + ahead);
    if (left == 0) return curvature;
    // The last ones are made a full group with factors of zero.
    Eight values = {};
    for (int g = 0; g < 8; ++g) {
        v[g] = g < left ? batch.table + row.columns[entry + g] * batch.stride : batch.nothing;
        if (g < left) values[g] = row.values[entry + g];
    }
    if (left > 4) {
        visit_entries<visit, 8>(batch, v, values, x, out, curvature);
    } else if (left > 2) {
        visit_entries<visit, 4>(batch, v, values, x, out, curvature);
    } else {
        visit_entries<visit, 2>(batch, v, values, x, out, curvature);
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
            const float gained = dense[i] + Curvature::sum(sparse.positive);
            const float curvature = gained + Curvature::sum(sparse.negative);
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
