// Vectors as one byte per factor, with norms that are never too small (private).
//
// Sums are made in eight parts and maxima of bit patterns: what compilers turn into vectors.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace pyrec::detail {

// Squares of floats neither overflow nor vanish in double. The root of their sum is put above all
// roundings, for any number of factors that we can hold.
class SumOfSquares {
public:
    void add(int part, double x) { parts_[part] += x * x; }

    double root() const {
        double sum = 0.0;
        for (const double part : parts_) sum += part;
        return std::sqrt(sum) * (1.0 + 1e-9);
    }

private:
    double parts_[8] = {};
};

// An upper bound of the norm, within a relative 1e-8.
inline double norm(const float* vector, std::int64_t n) {
    SumOfSquares sum;
    std::int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int j = 0; j < 8; ++j) sum.add(j, vector[i + j]);
    }
    for (; i < n; ++i) sum.add(0, vector[i]);
    return sum.root();
}

inline float largest_magnitude(const float* vector, std::int64_t n) {
    std::int32_t largest = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        largest = std::max(largest, std::bit_cast<std::int32_t>(vector[i]) & 0x7FFFFFFF);
    }
    return std::bit_cast<float>(largest);
}

// Writes the whole multiples of `scale` that are nearest to the factors, which must be within
// +-127 scales, and returns an upper bound of the distance of the vector to what they stand for.
inline double quantize(const float* vector, std::int64_t n, double scale, std::int8_t* codes) {
    // 1.5 * 2^52: adding it rounds to a whole number, which then stands in the lowest bits.
    constexpr double to_whole = 6755399441055744.0;
    const double inverse = 1.0 / scale;
    SumOfSquares error;
    const auto quantize_one = [&](std::int64_t i, int part) {
        const double shifted = vector[i] * inverse + to_whole;
        codes[i] = static_cast<std::int8_t>(std::bit_cast<std::uint64_t>(shifted));
        error.add(part, vector[i] - (shifted - to_whole) * scale);
    };
    std::int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int j = 0; j < 8; ++j) quantize_one(i + j, j);
    }
    for (; i < n; ++i) quantize_one(i, 0);
    return error.root();
}

}  // namespace pyrec::detail
