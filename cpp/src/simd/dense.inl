// Dense inner products, on a traits class `Isa` (traits_*.hpp). No include guard: a body.

// Sixteen partial sums, element i in sum i mod 16, then halves are added: 8, 4, 2, 1. The partial
// sums fill one, two or four vectors according to the instruction set; the bits are the same for
// every caller at one level. Several rows at once hide the latency of the additions.
template <int rows>
void dots(const float* a, const float* const* b, std::int64_t n, float* results) {
    constexpr int width = Isa::width;
    constexpr int parts = 16 / width;
    Isa::Float sums[rows][parts];
#pragma GCC unroll 4
    for (int row = 0; row < rows; ++row) {
#pragma GCC unroll 4
        for (int p = 0; p < parts; ++p) sums[row][p] = Isa::zero();
    }
    std::int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
#pragma GCC unroll 4
        for (int p = 0; p < parts; ++p) {
            const std::int64_t at = i + p * width;
            const Isa::Float left = Isa::load(a + at);
#pragma GCC unroll 4
            for (int row = 0; row < rows; ++row) {
                sums[row][p] = Isa::fma(left, Isa::load(b[row] + at), sums[row][p]);
            }
        }
    }
    if (i < n) {
#pragma GCC unroll 4
        for (int p = 0; p < parts; ++p) {
            const std::int64_t at = i + p * width;
            const Isa::Float left = Isa::load_some(a + at, n - at);
#pragma GCC unroll 4
            for (int row = 0; row < rows; ++row) {
                sums[row][p] = Isa::fma(left, Isa::load_some(b[row] + at, n - at), sums[row][p]);
            }
        }
    }
#pragma GCC unroll 4
    for (int row = 0; row < rows; ++row) results[row] = Isa::sum(sums[row]);
}

float dot(const float* a, const float* b, std::int64_t n) {
    float result;
    dots<1>(a, &b, n, &result);
    return result;
}

void dot_rows(const float* a, const float* matrix, const std::int32_t* rows, std::int64_t count,
              std::int64_t n, float* results) {
    for (std::int64_t i = 0; i < count; i += 4) {
        const std::int64_t now = count - i < 4 ? count - i : 4;
        const float* b[4];
        for (int j = 0; j < now; ++j) b[j] = matrix + rows[i + j] * n;
        switch (now) {
            case 4:
                dots<4>(a, b, n, results + i);
                break;
            case 3:
                dots<3>(a, b, n, results + i);
                break;
            case 2:
                dots<2>(a, b, n, results + i);
                break;
            default:
                dots<1>(a, b, n, results + i);
        }
    }
}
