// Vectors as one byte per factor, with norms that are never too small (private).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace pyrec::detail {

// Above the roundings of a sum of squares in double for any number of factors we can hold.
inline constexpr double rounding_up = 1.0 + 1e-9;

// Squares are summed in double, where those of floats neither overflow nor vanish, and in eight
// parts, which compilers turn into vectors.
template <class Term>
double root_of_squares(std::int64_t n, Term&& term) {
    double sums[8] = {};
    std::int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int j = 0; j < 8; ++j) {
            const double x = term(i + j);
            sums[j] += x * x;
        }
    }
    for (; i < n; ++i) sums[0] += term(i) * term(i);
    double sum = 0.0;
    for (const double part : sums) sum += part;
    return std::sqrt(sum) * rounding_up;
}

// An upper bound of the norm, within a relative 1e-8.
inline double norm(const float* vector, std::int64_t n) {
    return root_of_squares(n, [&](std::int64_t i) { return double{vector[i]}; });
}

inline float largest_magnitude(const float* vector, std::int64_t n) {
    float largest = 0.0F;
    for (std::int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(vector[i]));
    return largest;
}

// Writes the whole multiples of `scale` that are nearest to the factors, which must be within
// +-127 scales, and returns an upper bound of the distance of the vector to what they stand for.
inline double quantize(const float* vector, std::int64_t n, double scale, std::int8_t* codes) {
    constexpr double to_nearest = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to whole
    const double inverse = 1.0 / scale;
    for (std::int64_t i = 0; i < n; ++i) {
        codes[i] = static_cast<std::int8_t>(vector[i] * inverse + to_nearest - to_nearest);
    }
    return root_of_squares(n, [&](std::int64_t i) { return vector[i] - codes[i] * scale; });
}

}  // namespace pyrec::detail
