// TopK: the k best of a stream of scored rows. The only selection order of pyrec.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace pyrec {

// What fills a list that has fewer than k entries. No valid entry can look like it.
inline constexpr std::int32_t no_row = -1;
inline constexpr float no_score = -std::numeric_limits<float>::infinity();

// The total order of every list, higher score first, then lower row, as one integer: the better
// entry has the larger key. Scores are never NaN, and -0 counts as 0.
inline std::uint64_t rank_key(float score, std::int32_t row) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);
    const std::uint32_t ordered = bits ^ ((bits >> 31) != 0 ? 0xFFFFFFFFU : 0x80000000U);
    return (std::uint64_t{ordered} << 32) | ~static_cast<std::uint32_t>(row);
}
inline float score_of_key(std::uint64_t key) noexcept {
    const auto ordered = static_cast<std::uint32_t>(key >> 32);
    return std::bit_cast<float>(ordered ^ ((ordered >> 31) != 0 ? 0x80000000U : 0xFFFFFFFFU));
}
inline std::int32_t row_of_key(std::uint64_t key) noexcept {
    return static_cast<std::int32_t>(~static_cast<std::uint32_t>(key));
}

// A bounded heap whose root is the worst entry kept (Knuth, TAOCP 3, 5.2.3). Because the order is
// total, the result does not depend on the order of arrival, so partial heaps can be merged.
class TopK {
public:
    explicit TopK(std::int64_t k) : k_(static_cast<std::size_t>(k)) {}

    std::size_t size() const noexcept { return size_; }
    bool full() const noexcept { return size_ == k_; }

    // A score below this cannot enter; one equal to it can, with a lower row.
    float threshold() const noexcept { return threshold_; }

    void push(float score, std::int32_t row) { push(rank_key(score, row)); }

    void merge(const TopK& other) {
        for (std::size_t i = 0; i < other.size_; ++i) push(other.keys_[i]);
    }

    // Writes the entries best first, then pads with no_row and no_score. Empties the heap.
    void drain(std::span<std::int32_t> rows, std::span<float> scores) {
        std::sort(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(size_),
                  std::greater<>());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            rows[i] = i < size_ ? row_of_key(keys_[i]) : no_row;
            scores[i] = i < size_ ? score_of_key(keys_[i]) : no_score;
        }
        size_ = 0;
        threshold_ = no_score;
    }

private:
    void push(std::uint64_t key) {
        if (size_ < k_) {
            append(key);
        } else if (k_ > 0 && key > keys_[0]) {
            replace_worst(key);
            threshold_ = score_of_key(keys_[0]);
        }
    }

    void append(std::uint64_t key) {
        if (keys_.empty()) keys_.resize(2 * k_ + 1);
        keys_[size_++] = key;
        if (!full()) return;
        // Largest keys beyond the last entry, so that sinking need not look where the heap ends.
        std::fill(keys_.begin() + static_cast<std::ptrdiff_t>(k_), keys_.end(),
                  std::numeric_limits<std::uint64_t>::max());
        std::make_heap(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(k_),
                       std::greater<>());
        threshold_ = score_of_key(keys_[0]);
    }

    // Sinks the entry from the root, without a branch for the choice of the child.
    void replace_worst(std::uint64_t key) {
        std::size_t hole = 0;
        for (;;) {
            const std::size_t left = 2 * hole + 1;
            const std::size_t child = left + (keys_[left + 1] < keys_[left] ? 1 : 0);
            if (key <= keys_[child]) break;
            keys_[hole] = keys_[child];
            hole = child;
        }
        keys_[hole] = key;
    }

    std::size_t k_;
    std::size_t size_ = 0;
    float threshold_ = no_score;
    std::vector<std::uint64_t> keys_;
};

}  // namespace pyrec
