// Candidates of a list side by side, one in each of 16 lanes, on a traits class `Isa`
// (traits_*.hpp). No include guard: a body.

// The first elements of all 16 vectors, then the second ones, and so on.
void interleave(const float* const* vectors, std::int64_t n, float* interleaved) {
    for (int first = 0; first < lane_count; first += Isa::width) {
        for (std::int64_t j = 0; j < n; j += Isa::width) {
            Isa::Float tile[Isa::width];
#pragma GCC unroll 16
            for (int lane = 0; lane < Isa::width; ++lane) {
                tile[lane] = Isa::load_some(vectors[first + lane] + j, n - j);
            }
            Isa::transpose(tile);
            const int size = static_cast<int>(n - j < Isa::width ? n - j : Isa::width);
            for (int i = 0; i < size; ++i) {
                Isa::store(interleaved + (j + i) * lane_count + first, tile[i]);
            }
        }
    }
}

// Four chains of sums or more, since an addition waits for the one before it.
void dots_of_lanes(const float* interleaved, const float* vector, std::int64_t n, float* results) {
    constexpr int width = Isa::width;
    constexpr int parts = lane_count / width;
    constexpr int chains = parts < 4 ? 4 / parts : 1;
    Isa::Float sums[chains][parts];
#pragma GCC unroll 4
    for (int chain = 0; chain < chains; ++chain) {
#pragma GCC unroll 4
        for (int p = 0; p < parts; ++p) sums[chain][p] = Isa::zero();
    }
    std::int64_t i = 0;
    for (; i + chains <= n; i += chains) {
#pragma GCC unroll 4
        for (int chain = 0; chain < chains; ++chain) {
            const Isa::Float element = Isa::broadcast(vector[i + chain]);
#pragma GCC unroll 4
            for (int p = 0; p < parts; ++p) {
                const float* const at = interleaved + (i + chain) * lane_count + p * width;
                sums[chain][p] = Isa::fma(element, Isa::load(at), sums[chain][p]);
            }
        }
    }
    for (; i < n; ++i) {
        const Isa::Float element = Isa::broadcast(vector[i]);
#pragma GCC unroll 4
        for (int p = 0; p < parts; ++p) {
            const float* const at = interleaved + i * lane_count + p * width;
            sums[0][p] = Isa::fma(element, Isa::load(at), sums[0][p]);
        }
    }
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) {
        Isa::Float sum = sums[0][p];
#pragma GCC unroll 4
        for (int chain = 1; chain < chains; ++chain) sum = Isa::add(sum, sums[chain][p]);
        Isa::store(results + p * width, sum);
    }
}

// The natural logarithm of positive normal numbers: x = 2^e m with m about 1, and log(m) as twice
// the series of artanh((m - 1) / (m + 1)), whose next term is below 2^-27 of the first.
inline Isa::Float logarithm(Isa::Float x) {
    typedef std::int32_t Bits __attribute__((vector_size(sizeof(Isa::Float))));
    typedef float Floats __attribute__((vector_size(sizeof(Isa::Float))));
    constexpr std::int32_t least_m = 0x3F3504F3;  // the square root of 1/2
    const Bits bits = (Bits)x;
    const Bits exponent = (bits - least_m) >> 23;
    const Floats m = (Floats)(bits - (exponent << 23));
    const Floats z = (m - 1.0F) / (m + 1.0F);
    const Floats square = z * z;
    const Floats series =
        2.0F +
        square * (2.0F / 3 + square * (2.0F / 5 + square * (2.0F / 7 + square * (2.0F / 9))));
    constexpr float log_2 = 0.69314718F;
    return (Isa::Float)(__builtin_convertvector(exponent, Floats) * log_2 + z * series);
}

void logs_of_lanes(const float* numbers, float* logs) {
#pragma GCC unroll 4
    for (int lane = 0; lane < lane_count; lane += Isa::width) {
        Isa::store(logs + lane, logarithm(Isa::load(numbers + lane)));
    }
}
