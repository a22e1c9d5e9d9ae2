// Bits from bytes and of bitsets, on any CPU.
#pragma once

#include <cstdint>

namespace {

// Bit i is bit 0 of byte i.
inline std::uint64_t pack_bytes(std::uint64_t bytes) {
    // The product moves bit 0 of byte i to bit 56 + i; no two bits meet, so nothing carries.
    return ((bytes & 0x0101010101010101) * 0x0102040810204080) >> 56;
}

// Bit `row` of a bitset.
inline std::uint64_t bit_at(const std::uint64_t* words, std::int32_t row) {
    const auto i = static_cast<std::uint32_t>(row);
    return (words[i / 64] >> (i % 64)) & 1;
}

// The bits at some rows, in their order.
template <int rows>
std::uint64_t bits_at(const std::uint64_t* words, const std::int32_t* at) {
    std::uint64_t bits = 0;
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) bits |= bit_at(words, at[i]) << i;
    return bits;
}

// A bit for each of 64 bytes that is at least `least`.
inline std::uint64_t bytes_at_least(const std::uint8_t* bytes, std::uint8_t least) {
    typedef std::uint8_t Bytes __attribute__((vector_size(16), aligned(1)));
    std::uint64_t reached = 0;
    for (int i = 0; i < 8; i += 2) {
        const auto lanes = *reinterpret_cast<const Bytes*>(bytes + 8 * i) >= least;
        std::uint64_t halves[2];
        __builtin_memcpy(halves, &lanes, 16);
        if ((halves[0] | halves[1]) == 0) continue;
        reached |= (pack_bytes(halves[0]) << (8 * i)) | (pack_bytes(halves[1]) << (8 * i + 8));
    }
    return reached;
}

}  // namespace
