// Random numbers that do not depend on threads.
#pragma once

#include <cstdint>

namespace pyrec::detail {

// SplitMix64 (Steele, Lea and Flood 2014) from a state of its own for each stream, say a
// replicate: what is drawn depends on the seed and on its number, never on the thread that draws.
class Random {
public:
    Random(std::uint64_t seed, std::int64_t stream) : state_(seed) {
        state_ = next() ^ (static_cast<std::uint64_t>(stream) * 0xd1342543de82ef95ULL);
        state_ = next();
    }

    std::uint64_t next() noexcept {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }

    // A number in [0, n), by the high half of a product (Lemire 2019): its bias is below n / 2^64.
    std::int64_t below(std::int64_t n) noexcept {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::int64_t>((static_cast<Wide>(next()) * static_cast<Wide>(n)) >> 64);
    }

private:
    std::uint64_t state_;
};

}  // namespace pyrec::detail
