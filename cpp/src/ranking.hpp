// What the scoring functions share: a user's exclusions, the place of a list, overflow (private).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "pyrec/errors.hpp"
#include "pyrec/scoring.hpp"
#include "pyrec/topk.hpp"

namespace pyrec::detail {

// The rows that shall not appear in a user's list, increasing.
inline std::span<const std::int32_t> excluded(const Filter& filter, std::int64_t user) {
    return filter.exclude.rows() > 0 ? filter.exclude.row(user).columns
                                     : std::span<const std::int32_t>{};
}

// Whether increasing rows contain one. Without a branch to mispredict: twice as fast as the
// standard library's search on the short lists that users have.
inline bool contains(std::span<const std::int32_t> rows, std::int32_t row) {
    if (rows.empty()) return false;
    const std::int32_t* first = rows.data();
    for (std::size_t n = rows.size(); n > 1;) {
        const std::size_t half = n / 2;
        first += first[half] <= row ? half : 0;
        n -= half;
    }
    return *first == row;
}

inline constexpr int word_items = 64;

// How many items are allowed; where it is more than `enough`, some number that is, too.
inline std::int64_t count_allowed(const Filter& filter, std::int64_t items,
                                  std::int64_t enough = std::numeric_limits<std::int64_t>::max()) {
    if (filter.allowed.empty()) return items;
    std::int64_t count = 0;
    for (const std::uint64_t word : filter.allowed) {
        count += std::popcount(word);
        if (count > enough) break;
    }
    return count;
}

// The items from 64 * word on that are allowed and in [begin, end), as bits.
inline std::uint64_t allowed_word(const Filter& filter, std::int64_t word, std::int64_t begin,
                                  std::int64_t end) {
    std::uint64_t bits =
        filter.allowed.empty() ? ~std::uint64_t{0} : filter.allowed[static_cast<std::size_t>(word)];
    const std::int64_t first = word * word_items;
    if (begin > first) bits &= ~std::uint64_t{0} << (begin - first);
    if (end < first + word_items) bits &= ~std::uint64_t{0} >> (first + word_items - end);
    return bits;
}

inline void drain_list(TopK& best, std::int64_t user, std::int64_t k, std::span<std::int32_t> rows,
                       std::span<float> scores) {
    const auto at = static_cast<std::size_t>(user * k);
    const auto size = static_cast<std::size_t>(k);
    best.drain(rows.subspan(at, size), scores.subspan(at, size));
}

[[noreturn]] inline void throw_overflow(std::int64_t user, std::int64_t item) {
    throw NumericalError("the score of user row " + std::to_string(user) + " and item row " +
                         std::to_string(item) +
                         " overflows float32: scale the factors or weights down");
}

inline float checked_score(float score, std::int64_t user, std::int64_t item) {
    if (!std::isfinite(score)) [[unlikely]] {
        throw_overflow(user, item);
    }
    return score;
}

// Exponents of all ones are infinities and NaN; a loop on integers, which compilers vectorise.
inline bool all_finite(std::span<const float> scores) {
    constexpr std::uint32_t exponent = 0x7F800000;
    std::uint32_t found = 0;
    for (const float score : scores) {
        found |= (std::bit_cast<std::uint32_t>(score) & exponent) == exponent ? 1U : 0U;
    }
    return found == 0;
}

}  // namespace pyrec::detail
