// Screening of quantised items, on a traits class `IsaCodes` (traits_*.hpp). No include guard: a
// body.

void pack_codes(const std::int8_t* codes, std::int64_t groups, std::int32_t* words) {
    const auto low_half = [](std::int8_t low, std::int8_t high) {
        const auto bits =
            (static_cast<std::uint32_t>(high) << 16) | (static_cast<std::uint32_t>(low) & 0xFFFFU);
        return static_cast<std::int32_t>(bits);
    };
    for (std::int64_t g = 0; g < groups; ++g) {
        const std::int8_t* four = codes + 4 * g;
        if constexpr (IsaCodes::words == 1) {
            std::uint32_t word = 0;
            for (int i = 0; i < 4; ++i) {
                word |= (static_cast<std::uint32_t>(four[i]) & 0xFFU) << (8 * i);
            }
            words[g] = static_cast<std::int32_t>(word);
        } else {
            words[2 * g] = low_half(four[0], four[2]);
            words[2 * g + 1] = low_half(four[1], four[3]);
        }
    }
}

// Sums for `users` users and as many items as fit in `tile_vectors` vectors, all in registers:
// gcc spills the sums unless every loop that touches them is unrolled. They start at minus the
// threshold, so that their signs tell what survives.
template <int users>
void screen_tile(const std::uint8_t* codes, std::int64_t groups, const std::int32_t* const* words,
                 const std::int32_t* thresholds, std::uint64_t* found, int first_item) {
    constexpr int vectors = IsaCodes::tile_vectors;
    IsaCodes::Int sums[users][vectors];
#pragma GCC unroll 8
    for (int u = 0; u < users; ++u) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) sums[u][v] = IsaCodes::broadcast(-thresholds[u]);
    }
    for (std::int64_t g = 0; g < groups; ++g) {
        const std::uint8_t* from = codes + (g * screen_panel + first_item) * 4;
        IsaCodes::Codes items[vectors];
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v)
            items[v] = IsaCodes::load_codes(from + v * IsaCodes::width * 4);
#pragma GCC unroll 8
        for (int u = 0; u < users; ++u) {
            const IsaCodes::Word word = IsaCodes::load_word(words[u] + g * IsaCodes::words);
#pragma GCC unroll 8
            for (int v = 0; v < vectors; ++v)
                sums[u][v] = IsaCodes::dot4(sums[u][v], items[v], word);
        }
    }
#pragma GCC unroll 8
    for (int u = 0; u < users; ++u) {
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) {
            found[u] |= std::uint64_t{IsaCodes::not_negative(sums[u][v])}
                        << (first_item + v * IsaCodes::width);
        }
    }
}

template <int users>
void screen_users(const ScreenPanel& panel, std::int64_t groups, const std::int32_t* const* words,
                  const std::int32_t* thresholds, std::uint64_t* found) {
    for (int u = 0; u < users; ++u) found[u] = 0;
    for (int item = 0; item < screen_panel; item += IsaCodes::tile_vectors * IsaCodes::width) {
        screen_tile<users>(panel.codes, groups, words, thresholds, found, item);
    }
}

// The least sum of codes with which an item of the panel may reach a user's threshold (the bound
// is derived in screening.hpp).
void screen_thresholds(const ScreenPanel& panel, const ScreenUsers& users, std::int32_t* sums) {
    constexpr float limit = 1073741824.0F;  // beyond any sum, and negated still an int32
    for (std::int64_t u = 0; u < users.count; ++u) {
        const float sum = users.threshold[u] * panel.unit - users.error[u] * panel.norm -
                          users.norm[u] * panel.residual + users.offset[u];
        const float above = sum < limit ? sum : limit;
        sums[u] = static_cast<std::int32_t>(above > -limit ? above : -limit);
    }
}

void survivors(const ScreenPanel& panel, const ScreenUsers& users, std::int64_t groups,
               std::uint64_t* found) {
    std::int32_t thresholds[screen_block];
    screen_thresholds(panel, users, thresholds);
    std::int64_t u = 0;
    for (; u + IsaCodes::tile_users <= users.count; u += IsaCodes::tile_users) {
        screen_users<IsaCodes::tile_users>(panel, groups, users.words + u, thresholds + u,
                                           found + u);
    }
    for (; u + 2 <= users.count; u += 2) {
        screen_users<2>(panel, groups, users.words + u, thresholds + u, found + u);
    }
    if (u < users.count) {
        screen_users<1>(panel, groups, users.words + u, thresholds + u, found + u);
    }
}

std::uint64_t bits_at_rows(const std::uint64_t* words, const std::int32_t* rows, std::int64_t n) {
    std::uint64_t bits = 0;
    std::int64_t i = 0;
    for (; i + IsaCodes::width <= n; i += IsaCodes::width) {
        bits |= std::uint64_t{IsaCodes::bits_at(words, rows + i)} << i;
    }
    for (; i < n; ++i) bits |= bit_at(words, rows[i]) << i;
    return bits;
}

constexpr ScreenKernels screen_kernels = {
    .norm = norm,
    .largest_magnitude = largest_magnitude,
    .quantize = quantize,
    .pack_codes = pack_codes,
    .survivors = survivors,
    .bits_at = bits_at_rows,
};
