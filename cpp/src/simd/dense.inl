// Dense inner products, on a traits class `Isa` (traits_*.hpp). No include guard: a body.

// Sixteen partial sums, element i in sum i mod 16, then halves are added: 8, 4, 2, 1. The partial
// sums fill one, two or four vectors according to the instruction set; the bits are the same for
// every caller at one level.
float dot(const float* a, const float* b, std::int64_t n) {
    constexpr int width = Isa::width;
    constexpr int parts = 16 / width;
    Isa::Float sums[parts];
    for (int p = 0; p < parts; ++p) sums[p] = Isa::zero();
    std::int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        for (int p = 0; p < parts; ++p) {
            sums[p] = Isa::fma(Isa::load(a + i + p * width), Isa::load(b + i + p * width), sums[p]);
        }
    }
    if (i < n) {
        float left_a[16] = {};
        float left_b[16] = {};
        for (int j = 0; i + j < n; ++j) {
            left_a[j] = a[i + j];
            left_b[j] = b[i + j];
        }
        for (int p = 0; p < parts; ++p) {
            sums[p] =
                Isa::fma(Isa::load(left_a + p * width), Isa::load(left_b + p * width), sums[p]);
        }
    }
    float lanes[16];
    for (int p = 0; p < parts; ++p) Isa::store(lanes + p * width, sums[p]);
    for (int half = 8; half > 0; half /= 2) {
        for (int j = 0; j < half; ++j) lanes[j] += lanes[j + half];
    }
    return lanes[0];
}
