// From a row of sums to its k most similar columns, on a traits class `Isa` (traits_*.hpp).
// No include guard: a body.

// Lanes below `n` of a vector's mask.
inline unsigned first_lanes(std::int64_t n) {
    return n >= Isa::width ? (1U << Isa::width) - 1U : (1U << n) - 1U;
}

inline int count_lanes(unsigned mask) { return __builtin_popcount(mask); }

std::int64_t list_marked(std::uint8_t* marks, std::int64_t n, std::int32_t* listed) {
    std::int64_t found = 0;
    for (std::int64_t i = 0; i < n; i += 16) {
        std::uint64_t halves[2];
        __builtin_memcpy(halves, marks + i, 16);
        if ((halves[0] | halves[1]) == 0) continue;
        __builtin_memset(marks + i, 0, 16);
        const auto bits =
            static_cast<unsigned>(pack_bytes(halves[0]) | (pack_bytes(halves[1]) << 8));
        for (int lane = 0; lane < 16; lane += Isa::width) {
            const unsigned here = (bits >> lane) & first_lanes(Isa::width);
            Isa::compress(listed + found, here,
                          Isa::count_from(static_cast<std::int32_t>(i) + lane));
            found += count_lanes(here);
        }
    }
    return found;
}

std::int64_t collect(float* sums, const float* weights, const std::int32_t* blocks,
                     std::int64_t n_blocks, Screen screen, std::int32_t* columns, float* dots) {
    const auto slope = Isa::broadcast(screen.slope);
    const auto intercept = Isa::broadcast(screen.intercept);
    std::int64_t n = 0;
    for (std::int64_t b = 0; b < n_blocks; ++b) {
        const std::int64_t begin = std::int64_t{blocks[b]} * block_columns;
        for (std::int64_t at = begin; at < begin + block_columns; at += Isa::width) {
            const auto sum = Isa::load(sums + at);
            Isa::store(sums + at, Isa::zero());
            const unsigned kept =
                screen.active
                    ? Isa::greater(sum, Isa::fma(slope, Isa::load(weights + at), intercept))
                    : Isa::not_equal(sum, Isa::zero());
            if (kept == 0) continue;
            Isa::compress(dots + n, kept, sum);
            Isa::compress(columns + n, kept, Isa::count_from(static_cast<std::int32_t>(at)));
            n += count_lanes(kept);
        }
    }
    return n;
}

void divide(float* dots, const std::int32_t* columns, const float* weights, std::int64_t n,
            Ratio ratio) {
    const auto slope = Isa::broadcast(ratio.slope);
    const auto own = Isa::broadcast(ratio.own);
    const auto overlap = Isa::broadcast(ratio.overlap);
    const auto shrink = Isa::broadcast(ratio.shrink);
    for (std::int64_t i = 0; i < n; i += Isa::width) {
        const auto dot = Isa::load(dots + i);
        const auto weight = Isa::gather(weights, columns + i);
        const auto both = Isa::add(Isa::mul(slope, weight), own);
        const auto below = Isa::add(Isa::sub(both, Isa::mul(overlap, dot)), shrink);
        Isa::store(dots + i, Isa::div(dot, below));
    }
}

// Floats in their order as integers: halving an interval of these halves it in every exponent.
inline std::int32_t to_key(float value) {
    const auto bits = __builtin_bit_cast(std::int32_t, value);
    return bits ^ ((bits >> 31) & 0x7fffffff);
}

inline float from_key(std::int32_t key) {
    return __builtin_bit_cast(float, key ^ ((key >> 31) & 0x7fffffff));
}

// The least and the greatest of n > 0 values. Writes copies of the first one after the last.
void range(float* values, std::int64_t n, float* least, float* greatest) {
    Isa::store(values + n, Isa::broadcast(values[0]));
    auto low = Isa::load(values);
    auto high = low;
    for (std::int64_t i = Isa::width; i < n; i += Isa::width) {
        const auto v = Isa::load(values + i);
        low = Isa::min(low, v);
        high = Isa::max(high, v);
    }
    float lows[Isa::width];
    float highs[Isa::width];
    Isa::store(lows, low);
    Isa::store(highs, high);
    for (int half = Isa::width / 2; half > 0; half /= 2) {
        for (int j = 0; j < half; ++j) {
            lows[j] = lows[j + half] < lows[j] ? lows[j + half] : lows[j];
            highs[j] = highs[j + half] > highs[j] ? highs[j + half] : highs[j];
        }
    }
    *least = lows[0];
    *greatest = highs[0];
}

// So few that comparing all with all finds the k-th sooner than halving further.
constexpr std::int64_t few_values = 2 * Isa::width;

// The k-th best of few values: the least that fewer than k exceed. Writes what range() writes.
float kth_of_few(float* values, std::int64_t n, std::int64_t k) {
    using Ints [[gnu::vector_size(4 * Isa::width)]] = std::int32_t;
    using Floats [[gnu::vector_size(4 * Isa::width)]] = float;
    Isa::store(values + n, Isa::broadcast(values[0]));
    Floats least = Floats{} + __builtin_inff();
    for (std::int64_t i = 0; i < n; i += Isa::width) {
        Floats ranked;
        __builtin_memcpy(&ranked, values + i, sizeof ranked);
        Ints exceeding{};
        for (std::int64_t j = 0; j < n; ++j) exceeding -= Floats{} + values[j] > ranked;
        const Floats reached = exceeding < static_cast<std::int32_t>(k) ? ranked : least;
        least = reached < least ? reached : least;
    }
    float found = least[0];
    for (int lane = 1; lane < Isa::width; ++lane) found = least[lane] < found ? least[lane] : found;
    return found;
}

// A value that k of the n values reach or exceed, as few more as ties allow: quickselect that
// halves the range of keys instead of sampling a pivot, so no input makes it slow. `scratch` has
// room for twice the values and eight vectors; `values` has a vector of slack.
float threshold_of(float* values, std::int64_t n, std::int64_t k, float* scratch) {
    float low;
    float high;
    float* active = values;
    float* spare[2] = {scratch, scratch + n + 4 * Isa::width};
    while (n > few_values) {
        range(active, n, &low, &high);
        if (low == high || n == k) return low;
        const std::int64_t keys = std::int64_t{to_key(low)} + to_key(high);
        const float middle = from_key(static_cast<std::int32_t>((keys + 1) >> 1));
        const auto pivot = Isa::broadcast(middle);
        std::int64_t above = 0;
        std::int64_t below = 0;
        // The side that is read is overwritten only behind the reader.
        float* to_above = spare[0];
        float* to_below = spare[1];
        for (std::int64_t i = 0; i < n; i += Isa::width) {
            const auto v = Isa::load(active + i);
            const unsigned lanes = first_lanes(n - i);
            const unsigned up = Isa::at_least(v, pivot) & lanes;
            Isa::compress(to_above + above, up, v);
            Isa::compress(to_below + below, ~up & lanes, v);
            above += count_lanes(up);
            below += count_lanes(~up & lanes);
        }
        if (above >= k) {
            active = to_above;
            n = above;
        } else {
            active = to_below;
            n = below;
            k -= above;
        }
    }
    return kth_of_few(active, n, k);
}

// Keeps the k best of n >= k entries, and all that equal the k-th, in their order.
Kept keep_best(std::int32_t* columns, float* values, std::int64_t n, std::int64_t k,
               float* scratch) {
    const float threshold = threshold_of(values, n, k, scratch);
    const auto cut = Isa::broadcast(threshold);
    std::int64_t better = 0;
    std::int64_t kept = 0;
    for (std::int64_t i = 0; i < n; i += Isa::width) {
        const auto v = Isa::load(values + i);
        const auto c = Isa::load(columns + i);
        const unsigned lanes = first_lanes(n - i);
        const unsigned reaching = Isa::at_least(v, cut) & lanes;
        better += count_lanes(Isa::greater(v, cut) & lanes);
        Isa::compress(values + kept, reaching, v);
        Isa::compress(columns + kept, reaching, c);
        kept += count_lanes(reaching);
    }
    return {better, kept - better, threshold};
}

std::int32_t bound_labels(const std::int32_t* labels, std::int64_t n, std::int64_t k,
                          std::int32_t end) {
    std::int32_t low = 0;  // fewer than k are below
    while (end - low > 1) {
        const std::int32_t middle = low + (end - low) / 2;
        const auto bound = IsaCodes::broadcast(middle);
        int below = 0;
        std::int64_t i = 0;
        for (; i + Isa::width <= n; i += Isa::width) {
            below += count_lanes(Isa::less(Isa::load(labels + i), bound));
        }
        below += count_lanes(Isa::less(Isa::load(labels + i), bound) & first_lanes(n - i));
        if (below < k) {
            low = middle;
        } else {
            end = middle;
            if (below <= k + k / 4) break;
        }
    }
    return end;
}

std::int64_t list_below(const std::int32_t* labels, std::int64_t n, std::int32_t limit,
                        std::int32_t* listed) {
    const auto bound = IsaCodes::broadcast(limit);
    std::int64_t found = 0;
    for (std::int64_t i = 0; i < n; i += Isa::width) {
        const auto v = Isa::load(labels + i);
        const unsigned below = Isa::less(v, bound) & first_lanes(n - i);
        Isa::compress(listed + found, below, v);
        found += count_lanes(below);
    }
    return found;
}

// The least count that is above a bound and at least `least`.
inline int count_above(float bound, int least) {
    const int count = static_cast<int>(bound) + 1;
    return count > least ? count : least;
}

std::int64_t take_counts(const std::uint8_t* counts, const float* weights, std::int64_t begin,
                         std::int64_t end, Screen screen, int least, int most,
                         std::int32_t* columns, float* dots) {
    // One threshold for so many blocks: that of their first column, which needs the least.
    constexpr std::int64_t at_once = 16;
    std::int64_t n = 0;
    for (std::int64_t b = begin; b < end; b += at_once) {
        int needed = least;
        if (screen.active) {
            const float above = screen.slope * weights[b * block_counts] + screen.intercept;
            if (above >= static_cast<float>(most)) break;
            needed = count_above(above, least);
        }
        // First where there are any, without a branch that nobody can predict.
        std::uint64_t passing[at_once];
        std::int64_t where[at_once];
        int found = 0;
        const std::int64_t last = b + at_once < end ? b + at_once : end;
        for (std::int64_t block = b; block < last; ++block) {
            const std::int64_t first = block * block_counts;
            passing[found] = Isa::at_least(counts + first, static_cast<std::uint8_t>(needed));
            if (most < 255) {
                passing[found] &=
                    ~Isa::at_least(counts + first, static_cast<std::uint8_t>(most + 1));
            }
            where[found] = first;
            found += passing[found] != 0;
        }
        // Four at a time, of which those that are too many are overwritten: most blocks have so
        // few, and how few nobody can predict.
        for (int i = 0; i < found; ++i) {
            std::uint64_t bits = passing[i];
            const int here = __builtin_popcountll(bits);
            for (int j = 0; j < here; j += 4) {
#pragma GCC unroll 4
                for (int l = 0; l < 4; ++l) {
                    const auto column = where[i] + __builtin_ctzll(bits | std::uint64_t{1} << 63);
                    columns[n + j + l] = static_cast<std::int32_t>(column);
                    dots[n + j + l] = counts[column];
                    bits &= bits - 1;
                }
            }
            n += here;
        }
    }
    return n;
}

// A bound for each of at most 64 columns: the lightest column for the row, the easiest for itself.
inline float least_count(const MutualScreen& screen, std::int64_t block) {
    const float own = screen.own.slope * screen.weights[block * block_counts];
    const float other = screen.block_slopes[block] * screen.weight;
    const float above_own = own + screen.own.intercept;
    const float above_other = other + screen.block_intercepts[block];
    return above_own < above_other ? above_own : above_other;
}

std::int64_t list_counts(const std::uint8_t* counts, std::int64_t begin, std::int64_t end,
                         const MutualScreen& screen, int least, int most, std::int32_t* columns) {
    constexpr std::int64_t at_once = 16;
    std::int64_t n = 0;
    for (std::int64_t b = begin; b < end; b += at_once) {
        const std::int64_t last = b + at_once < end ? b + at_once : end;
        // First where there are any, without a branch that nobody can predict.
        std::uint64_t passing[at_once];
        std::int64_t where[at_once];
        int found = 0;
        for (std::int64_t block = b; block < last; ++block) {
            const float above = least_count(screen, block);
            if (above >= static_cast<float>(most)) continue;
            const std::int64_t first = block * block_counts;
            const auto needed = static_cast<std::uint8_t>(count_above(above, least));
            passing[found] = Isa::at_least(counts + first, needed);
            where[found] = first;
            found += passing[found] != 0;
        }
        for (int i = 0; i < found; ++i) {
            for (std::uint64_t bits = passing[i]; bits != 0; bits &= bits - 1) {
                const auto column = where[i] + __builtin_ctzll(bits);
                const auto count = static_cast<float>(counts[column]);
                const bool own =
                    count > screen.own.slope * screen.weights[column] + screen.own.intercept;
                const bool other =
                    count > screen.slopes[column] * screen.weight + screen.intercepts[column];
                columns[n] = static_cast<std::int32_t>(column);
                n += static_cast<int>(own || other) & static_cast<int>(counts[column] <= most);
            }
        }
    }
    return n;
}

std::int64_t list_sums(const float* sums, std::int64_t begin, std::int64_t end,
                       const MutualScreen& screen, std::int32_t* columns) {
    const auto slope = Isa::broadcast(screen.own.slope);
    const auto intercept = Isa::broadcast(screen.own.intercept);
    const auto weight = Isa::broadcast(screen.weight);
    std::int64_t n = 0;
    for (std::int64_t at = begin * block_counts; at < end * block_counts; at += Isa::width) {
        const auto own = Isa::fma(slope, Isa::load(screen.weights + at), intercept);
        const auto other =
            Isa::fma(Isa::load(screen.slopes + at), weight, Isa::load(screen.intercepts + at));
        const unsigned kept = Isa::greater(Isa::load(sums + at), Isa::min(own, other));
        Isa::compress(columns + n, kept, Isa::count_from(static_cast<std::int32_t>(at)));
        n += count_lanes(kept);
    }
    return n;
}

template <class Value>
void rank_in_lanes(const Value* values, std::int64_t n, Value* ranks) {
    constexpr int lanes = 4 * Isa::width / static_cast<int>(sizeof(Value));
    using Lanes [[gnu::vector_size(4 * Isa::width)]] = Value;
    for (std::int64_t i = 0; i < n; i += lanes) {
        Lanes ranked;
        __builtin_memcpy(&ranked, values + i, sizeof ranked);
        Lanes less{};
        for (std::int64_t j = 0; j < n; ++j) less -= Lanes{} + values[j] < ranked;
        __builtin_memcpy(ranks + i, &less, sizeof less);
    }
}

void rank(const std::int32_t* values, std::int64_t n, std::int32_t* ranks) {
    // Twice as many at a time where 16 bits hold them.
    constexpr std::int64_t most = 256;
    std::int32_t bits = 0;
    for (std::int64_t i = 0; i < n; ++i) bits |= values[i];
    if (n > most || (bits & ~0xFFFF) != 0) return rank_in_lanes(values, n, ranks);
    std::int16_t narrow[most + 2 * Isa::width] = {};
    std::int16_t narrow_ranks[most + 2 * Isa::width];
    for (std::int64_t i = 0; i < n; ++i) narrow[i] = static_cast<std::int16_t>(values[i] - 0x8000);
    rank_in_lanes(narrow, n, narrow_ranks);
    for (std::int64_t i = 0; i < n; ++i) ranks[i] = narrow_ranks[i];
}

void add_counts(float* sums, std::uint8_t* counts, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) sums[i] += counts[i];
    __builtin_memset(counts, 0, static_cast<std::size_t>(n));
}

constexpr SelectKernels select_kernels = {
    .list_marked = list_marked,
    .collect = collect,
    .divide = divide,
    .keep_best = keep_best,
    .bound_labels = bound_labels,
    .list_below = list_below,
    .take_counts = take_counts,
    .list_counts = list_counts,
    .list_sums = list_sums,
    .rank = rank,
    .add_counts = add_counts,
};
