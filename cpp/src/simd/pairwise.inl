// A step of pairwise ranking, on a traits class `Isa` (traits_*.hpp). No include guard: a body.

// The inner product of a with the difference of b and c: sums as in `dots`.
inline float dot_difference(const float* a, const float* b, const float* c, std::int64_t n) {
    constexpr int parts = 16 / Isa::width;
    Isa::Float sums[parts];
#pragma GCC unroll 4
    for (int p = 0; p < parts; ++p) sums[p] = Isa::zero();
    std::int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
#pragma GCC unroll 4
        for (int p = 0; p < parts; ++p) {
            const std::int64_t at = i + p * Isa::width;
            const auto difference = Isa::sub(Isa::load(b + at), Isa::load(c + at));
            sums[p] = Isa::fma(Isa::load(a + at), difference, sums[p]);
        }
    }
    float rest = 0;
    for (; i < n; ++i) rest += a[i] * (b[i] - c[i]);
    return Isa::sum(sums) + rest;
}

void pairwise_step(float* user, float* liked, float* other, std::int64_t n, float rate,
                   float keep) {
    const float gain = rate / (1.0F + __builtin_expf(dot_difference(user, liked, other, n)));
    const auto gains = Isa::broadcast(gain), losses = Isa::broadcast(-gain),
               kept = Isa::broadcast(keep);
    std::int64_t i = 0;
    for (; i + Isa::width <= n; i += Isa::width) {
        const auto u = Isa::load(user + i), l = Isa::load(liked + i), o = Isa::load(other + i);
        Isa::store(user + i, Isa::fma(gains, Isa::sub(l, o), Isa::mul(kept, u)));
        Isa::store(liked + i, Isa::fma(gains, u, Isa::mul(kept, l)));
        Isa::store(other + i, Isa::fma(losses, u, Isa::mul(kept, o)));
    }
    for (; i < n; ++i) {
        const float before = user[i];
        user[i] = keep * before + gain * (liked[i] - other[i]);
        liked[i] = keep * liked[i] + gain * before;
        other[i] = keep * other[i] - gain * before;
    }
}

void pairwise_step_of_user(float* user, const float* liked, const float* other, std::int64_t n,
                           float rate, float keep) {
    const float gain = rate / (1.0F + __builtin_expf(dot_difference(user, liked, other, n)));
    const auto gains = Isa::broadcast(gain), kept = Isa::broadcast(keep);
    std::int64_t i = 0;
    for (; i + Isa::width <= n; i += Isa::width) {
        const auto difference = Isa::sub(Isa::load(liked + i), Isa::load(other + i));
        Isa::store(user + i, Isa::fma(gains, difference, Isa::mul(kept, Isa::load(user + i))));
    }
    for (; i < n; ++i) user[i] = keep * user[i] + gain * (liked[i] - other[i]);
}
