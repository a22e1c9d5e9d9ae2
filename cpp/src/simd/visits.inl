// Visits to the entries of a sparse row, the part of conjugate gradients that takes the time: each
// entry's factors v are multiplied with a vector x, and a multiple of them is added to another. No
// include guard: a body.

// What a visit to a row's entries, each with its product s = v . x, adds to a vector.
enum class Visit {
    residual,   // (max(c, 0) - w s) v
    image,      // w s v
    curvature,  // nothing: the last step needs only the sum of w s^2
};

// The sums of w s^2, apart by sign, because what they cancel is lost to float32.
struct Curvature {
    float positive = 0;
    float negative = 0;
};

struct Entries {
    const std::int32_t* columns;
    const float* values;
    std::int64_t count;
};

// Fetches factors that are about to be visited into the cache, some with every four entries: more
// can be under way so than the processor finds by looking ahead.
class Ahead {
public:
    explicit Ahead(const CgBatch& batch) : table_(batch.table), stride_(batch.stride) {}

    // The factors of a list of entries.
    void fetch_listed(const std::int32_t* first, const std::int32_t* last) {
        next_ = first;
        last_ = last;
    }

    // Rows of the table, during so many visits.
    void fetch_rows(std::int64_t first, std::int64_t last, std::int64_t visits) {
        line_ = table_ + first * stride_;
        end_ = table_ + last * stride_;
        quota_ = (4 * (end_ - line_) + visits - 1) / visits;
    }

    // With every four entries; the stride, if it is known when this is compiled, else 0.
    template <std::int64_t known>
    [[gnu::always_inline]] void advance() {
        const std::int64_t stride = known ? known : stride_;
        if (last_ - next_ >= 4) {
#pragma GCC unroll 4
            for (int g = 0; g < 4; ++g) {
                const float* const factors = table_ + next_[g] * stride;
#pragma GCC unroll 8
                for (std::int64_t j = 0; j < stride; j += 16) __builtin_prefetch(factors + j);
            }
            next_ += 4;
        }
        const float* const stop = end_ - line_ < quota_ ? end_ : line_ + quota_;
        for (; line_ < stop; line_ += 16) __builtin_prefetch(line_, 0, 2);
    }

private:
    const float* table_;
    std::int64_t stride_;
    const std::int32_t* next_ = nullptr;
    const std::int32_t* last_ = nullptr;
    const float* line_ = nullptr;
    const float* end_ = nullptr;
    std::int64_t quota_ = 0;
};

// What belongs to each of eight entries is an element of such a vector, whatever the width of the
// instruction set.
typedef float Eight __attribute__((vector_size(32)));

inline float sum_of(const Eight& v) {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

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
inline void visit_eight(const CgBatch& batch, const float* const (&v)[8], const Eight& values,
                        const float* x, float* out, Eight& positive, Eight& negative) {
    Eight products;
    entry_products<group>(v, x, batch.stride, products);
    const Eight confidence = batch.alpha * values;
    const Eight weight = (confidence > 0 ? confidence : -confidence) - batch.unobserved;
    const Eight image = weight * products;
    const Eight energy = image * products;
    positive += energy > 0 ? energy : Eight{};
    negative += energy > 0 ? Eight{} : energy;
    if (visit == Visit::residual) {
        add_entries<group>(v, (confidence > 0 ? confidence : Eight{}) - image, batch.stride, out);
    } else if (visit == Visit::image) {
        add_entries<group>(v, image, batch.stride, out);
    }
}

// For any number of factors: eight entries at a time.
template <Visit visit>
void visit_by_eight(const CgBatch& batch, const Entries& entries, const float* x, float* out,
                    Ahead& ahead, Curvature& curvature) {
    Eight positive = {};
    Eight negative = {};
    const float* v[8];
    std::int64_t entry = 0;
    for (; entry + 8 <= entries.count; entry += 8) {
        ahead.advance<0>();
        ahead.advance<0>();
#pragma GCC unroll 8
        for (int g = 0; g < 8; ++g) v[g] = batch.table + entries.columns[entry + g] * batch.stride;
        Eight values;
        __builtin_memcpy(&values, entries.values + entry, sizeof(values));
        visit_eight<visit, 8>(batch, v, values, x, out, positive, negative);
    }
    const std::int64_t left = entries.count - entry;
    if (left > 0) {
        // The last ones are made a full group with factors of zero.
        Eight values = {};
        for (int g = 0; g < 8; ++g) {
            v[g] =
                g < left ? batch.table + entries.columns[entry + g] * batch.stride : batch.nothing;
            if (g < left) values[g] = entries.values[entry + g];
        }
        ahead.advance<0>();
        if (left > 4) {
            visit_eight<visit, 8>(batch, v, values, x, out, positive, negative);
        } else if (left > 2) {
            visit_eight<visit, 4>(batch, v, values, x, out, positive, negative);
        } else {
            visit_eight<visit, 2>(batch, v, values, x, out, positive, negative);
        }
    }
    curvature.positive += sum_of(positive);
    curvature.negative += sum_of(negative);
}

// For `n` vectors of factors, which registers can hold: four entries at a time, what belongs to
// each in a lane of 128 bits.
template <class I, int n>
struct Lanes {
    using Float = typename I::Float;
    static constexpr std::int64_t stride = n * I::width;

    // Where four entries' factors are; of the last group, `left` of them, the others are zeros.
    template <bool whole>
    [[gnu::always_inline]] static void find(const CgBatch& batch, const Entries& entries,
                                            std::int64_t entry, const float* (&v)[4]) {
#pragma GCC unroll 4
        for (int g = 0; g < 4; ++g) {
            const bool real = whole || entry + g < entries.count;
            v[g] = real ? batch.table + entries.columns[entry + g] * stride : batch.nothing;
        }
    }

    [[gnu::always_inline]] static Float products(const float* const (&v)[4], const float* x) {
        Float partial[4];
#pragma GCC unroll 4
        for (int g = 0; g < 4; ++g) partial[g] = I::zero();
#pragma GCC unroll 8
        for (int j = 0; j < n; ++j) {
            const Float right = I::load(x + j * I::width);
#pragma GCC unroll 4
            for (int g = 0; g < 4; ++g) {
                partial[g] = I::fma(I::load(v[g] + j * I::width), right, partial[g]);
            }
        }
        return I::lane_sums(partial);
    }

    [[gnu::always_inline]] static void add(const float* const (&v)[4], Float scales,
                                           Float (&sums)[n]) {
        Float scale[4];
        I::broadcast_lanes(scales, scale);
#pragma GCC unroll 4
        for (int g = 0; g < 4; ++g) {
#pragma GCC unroll 8
            for (int j = 0; j < n; ++j) {
                sums[j] = I::fma(scale[g], I::load(v[g] + j * I::width), sums[j]);
            }
        }
    }

    // The sum of w s^2, and of those below zero.
    struct Energy {
        Float total = I::zero();
        Float negative = I::zero();
    };

    // What to multiply four entries' factors with.
    template <Visit visit, bool whole>
    [[gnu::always_inline]] static Float scales_at(const CgBatch& batch, const Entries& entries,
                                                  std::int64_t entry, const float* x,
                                                  Energy& energy) {
        const float* v[4];
        find<whole>(batch, entries, entry, v);
        const Float s = products(v, x);
        const Float values = I::spread(entries.values + entry, whole ? 4 : entries.count - entry);
        const Float confidence = I::broadcast(batch.alpha) * values;
        const Float weight = I::abs(confidence) - I::broadcast(batch.unobserved);
        const Float image = weight * s;
        energy.total = I::fma(image, s, energy.total);
        energy.negative = energy.negative + I::min(image * s, I::zero());
        return visit == Visit::residual ? I::max(confidence, I::zero()) - image : image;
    }

    template <Visit visit, bool whole>
    [[gnu::always_inline]] static void add_at(const CgBatch& batch, const Entries& entries,
                                              std::int64_t entry, Float scales, Float (&sums)[n]) {
        if (visit == Visit::curvature) return;
        const float* v[4];
        find<whole>(batch, entries, entry, v);
        add(v, scales, sums);
    }

    template <Visit visit>
    static void visit_row(const CgBatch& batch, const Entries& entries, const float* x, float* out,
                          Ahead& ahead, Curvature& curvature) {
        Float sums[n];  // complete before they meet `out`, whose rounding is coarser
#pragma GCC unroll 8
        for (int j = 0; j < n; ++j) sums[j] = I::zero();
        Energy energy;
        // A group's multiples are added after the next group's products, so that neither waits
        // for the other: a third less time.
        std::int64_t entry = 0;
        if (entries.count >= 4) {
            Float scales = scales_at<visit, true>(batch, entries, 0, x, energy);
            for (entry = 4; entry + 4 <= entries.count; entry += 4) {
                ahead.template advance<stride>();
                const Float next = scales_at<visit, true>(batch, entries, entry, x, energy);
                add_at<visit, true>(batch, entries, entry - 4, scales, sums);
                scales = next;
            }
            add_at<visit, true>(batch, entries, entry - 4, scales, sums);
        }
        if (entry < entries.count) {
            const Float scales = scales_at<visit, false>(batch, entries, entry, x, energy);
            add_at<visit, false>(batch, entries, entry, scales, sums);
        }
        ahead.template advance<stride>();
        const float lost = I::sum_of_lanes(energy.negative);
        curvature.positive += I::sum_of_lanes(energy.total) - lost;
        curvature.negative += lost;
        if (visit == Visit::curvature) return;
#pragma GCC unroll 8
        for (int j = 0; j < n; ++j) {
            float* const to = out + j * I::width;
            I::store(to, I::load(to) + sums[j]);
        }
    }
};

template <class I, Visit visit>
inline void visit_entries(const CgBatch& batch, const Entries& entries, const float* x, float* out,
                          Ahead& ahead, Curvature& curvature) {
    if constexpr (I::has_lanes) {
        switch (batch.stride / I::width) {
            case 1:
                return Lanes<I, 1>::template visit_row<visit>(batch, entries, x, out, ahead,
                                                              curvature);
            case 2:
                return Lanes<I, 2>::template visit_row<visit>(batch, entries, x, out, ahead,
                                                              curvature);
            case 3:
                return Lanes<I, 3>::template visit_row<visit>(batch, entries, x, out, ahead,
                                                              curvature);
            case 4:
                return Lanes<I, 4>::template visit_row<visit>(batch, entries, x, out, ahead,
                                                              curvature);
            case 5:
                return Lanes<I, 5>::template visit_row<visit>(batch, entries, x, out, ahead,
                                                              curvature);
            case 6:
                return Lanes<I, 6>::template visit_row<visit>(batch, entries, x, out, ahead,
                                                              curvature);
            case 7:
                return Lanes<I, 7>::template visit_row<visit>(batch, entries, x, out, ahead,
                                                              curvature);
            case 8:
                return Lanes<I, 8>::template visit_row<visit>(batch, entries, x, out, ahead,
                                                              curvature);
            default:
                break;
        }
    }
    visit_by_eight<visit>(batch, entries, x, out, ahead, curvature);
}

// While a block of the table is visited the next one is fetched, if most of it will be needed.
inline void fetch_next_block(const CgBatch& batch, std::int64_t block, Ahead& ahead) {
    std::int64_t visits = 0;
    for (int i = 0; i < batch.count; ++i) {
        const std::int32_t* const stop = batch.stops + i * (batch.blocks + 1) + block;
        visits += stop[1] - stop[0];
    }
    if (visits < batch.block_rows) return;
    const std::int64_t first = block + 1 < batch.blocks ? (block + 1) * batch.block_rows : 0;
    const std::int64_t last = first + batch.block_rows;
    ahead.fetch_rows(first, last < batch.table_rows ? last : batch.table_rows, visits);
}

// Visits the entries of all rows whose norm is not below `least`. Rows that are too long for the
// cache are taken together, block by block of the table.
template <Visit visit>
void visit_rows(const CgBatch& batch, const float* x, float* out, const float* norms, float least,
                Ahead& ahead, Curvature* curvature) {
    for (std::int64_t block = 0; block < batch.blocks; ++block) {
        if (batch.stops) fetch_next_block(batch, block, ahead);
        for (int i = 0; i < batch.count; ++i) {
            if (norms[i] < least) continue;
            const CgRow& row = batch.rows[i];
            Entries entries{row.columns, row.values, row.count};
            if (batch.stops) {
                const std::int32_t* const stop = batch.stops + i * (batch.blocks + 1) + block;
                entries = {row.columns + stop[0], row.values + stop[0], stop[1] - stop[0]};
            }
            visit_entries<Isa, visit>(batch, entries, x + i * batch.stride, out + i * batch.stride,
                                      ahead, curvature[i]);
        }
    }
}
