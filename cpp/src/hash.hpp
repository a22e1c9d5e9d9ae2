// A seeded hash of integers and byte strings: whoever does not know the seed cannot choose ids that
// collide. Multiply to 128 bits and fold the halves, with a secret on both sides of the product.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace pyrec::detail {

inline std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// The first 64 bits of the fractions of the square roots of 2, 3 and 5.
inline constexpr std::uint64_t root2 = 0x6a09e667f3bcc908, root3 = 0xbb67ae8584caa73b,
                               root5 = 0x3c6ef372fe94f82b;

class Hash {
public:
    explicit Hash(std::uint64_t seed) noexcept
        : first_(folded_product(seed ^ root2, root3)),
          second_(folded_product(seed ^ root5, root2)) {}

    std::uint64_t operator()(std::int64_t key) const noexcept {
        return mixed(static_cast<std::uint64_t>(key), root5);
    }

    std::uint64_t operator()(std::string_view key) const noexcept {
        const char* at = key.data();
        std::size_t left = key.size();
        std::uint64_t state = left;
        for (; left > 16; at += 16, left -= 16) {
            state = mixed(load<std::uint64_t>(at) ^ state, load<std::uint64_t>(at + 8));
        }
        if (left >= 8) {  // the two loads overlap, and cover every byte
            return mixed(load<std::uint64_t>(at) ^ state, load<std::uint64_t>(at + left - 8));
        }
        if (left >= 4) {
            return mixed(load<std::uint32_t>(at) ^ state, load<std::uint32_t>(at + left - 4));
        }
        std::uint64_t rest = 0;
        std::memcpy(&rest, at, left);
        return mixed(rest ^ state, root5);
    }

private:
    template <class T>
    static std::uint64_t load(const char* at) noexcept {
        T value;
        std::memcpy(&value, at, sizeof value);
        return value;
    }
    std::uint64_t mixed(std::uint64_t a, std::uint64_t b) const noexcept {
        return folded_product(folded_product(a ^ first_, b ^ second_) ^ second_, root3);
    }

    std::uint64_t first_, second_;
};

}  // namespace pyrec::detail
