// Vectors as one byte per factor, with norms that are never too small. No include guard: a body.
//
// Sums are made in eight parts, and so have the same bits for any instruction set. Squares of
// floats neither overflow nor vanish in double; the root of their sum is put above all roundings,
// for any number of factors that we can hold.

typedef float EightFloats __attribute__((vector_size(32)));
typedef double EightDoubles __attribute__((vector_size(64)));
typedef std::int32_t EightInts __attribute__((vector_size(32)));
typedef std::int64_t EightLongs __attribute__((vector_size(64)));

struct SumOfSquares {
    EightDoubles parts = {};

    [[gnu::always_inline]] double root() const {
        double sum = 0.0;
        for (int i = 0; i < 8; ++i) sum += parts[i];
        return __builtin_sqrt(sum) * (1.0 + 1e-9);
    }
};

// Calls `take` for eight factors at a time, zeros after the last, and the number of those there
// are.
template <class Take>
[[gnu::always_inline]] inline void by_eights(const float* vector, std::int64_t n, Take&& take) {
    std::int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        EightFloats floats;
        __builtin_memcpy(&floats, vector + i, sizeof(floats));
        take(__builtin_convertvector(floats, EightDoubles), i, 8);
    }
    if (i < n) {
        EightFloats floats = {};
        __builtin_memcpy(&floats, vector + i, static_cast<std::size_t>(n - i) * sizeof(float));
        take(__builtin_convertvector(floats, EightDoubles), i, n - i);
    }
}

double norm(const float* vector, std::int64_t n) {
    SumOfSquares sum;
    by_eights(vector, n,
              [&](const EightDoubles& x, std::int64_t, std::int64_t) { sum.parts += x * x; });
    return sum.root();
}

float largest_magnitude(const float* const* vectors, std::int64_t count, std::int64_t n) {
    constexpr std::int64_t ahead = 4;  // vectors are anywhere, and the hardware does not see them
    EightInts largest = {};
    const auto take = [&](EightInts bits) {
        bits &= 0x7FFFFFFF;
        largest = bits > largest ? bits : largest;
    };
    for (std::int64_t at = 0; at < count; ++at) {
        if (at + ahead < count) {
            const float* const next = vectors[at + ahead];
            for (std::int64_t i = 0; i < n; i += 16) __builtin_prefetch(next + i);
        }
        const float* const vector = vectors[at];
        std::int64_t i = 0;
        for (; i + 8 <= n; i += 8) {
            EightInts bits;
            __builtin_memcpy(&bits, vector + i, sizeof(bits));
            take(bits);
        }
        if (i == n) continue;
        EightInts rest = {};
        __builtin_memcpy(&rest, vector + i, static_cast<std::size_t>(n - i) * sizeof(float));
        take(rest);
    }
    std::int32_t most = 0;
    for (int lane = 0; lane < 8; ++lane) most = largest[lane] > most ? largest[lane] : most;
    return __builtin_bit_cast(float, most);
}

double quantize(const float* vector, std::int64_t n, double scale, int offset, std::uint8_t* codes,
                std::int64_t stride) {
    // 1.5 * 2^52: adding it rounds to a whole number, which then stands in the lowest bits.
    const double to_whole = 6755399441055744.0 + offset;
    const double inverse = 1.0 / scale;
    SumOfSquares error;
    by_eights(vector, n, [&](const EightDoubles& x, std::int64_t i, std::int64_t count) {
        const EightDoubles shifted = x * inverse + to_whole;
        const EightDoubles left = x - (shifted - to_whole) * scale;
        error.parts += left * left;
        std::int8_t bytes[8];
        IsaCodes::store_low_bytes(__builtin_bit_cast(EightLongs, shifted), bytes);
        std::uint8_t* const to = codes + i / 4 * stride;
        __builtin_memcpy(to, bytes, 4);
        if (count > 4) __builtin_memcpy(to + stride, bytes + 4, 4);
    });
    return error.root();
}
