// TopK: the k best of a stream of scored rows. The only selection order of pyrec.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace pyrec {

struct Scored {
    float score;
    std::int32_t row;
};

// The total order of every list: higher score first, then lower row. Scores are never NaN.
inline bool ranks_before(const Scored& a, const Scored& b) noexcept {
    return a.score > b.score || (a.score == b.score && a.row < b.row);
}

// What fills a list that has fewer than k entries. No valid entry can look like it.
inline constexpr std::int32_t no_row = -1;
inline constexpr float no_score = -std::numeric_limits<float>::infinity();

// A bounded heap whose root is the worst entry kept (Knuth, TAOCP 3, 5.2.3). Because the order is
// total, the result does not depend on the order of arrival, so partial heaps can be merged.
class TopK {
public:
    explicit TopK(std::int64_t k) : k_(static_cast<std::size_t>(k)) { heap_.reserve(k_); }

    void clear() noexcept { heap_.clear(); }
    std::size_t size() const noexcept { return heap_.size(); }
    bool full() const noexcept { return heap_.size() >= k_; }

    // A score below this cannot enter; one equal to it can, with a lower row.
    float threshold() const noexcept { return heap_.size() < k_ ? no_score : heap_.front().score; }

    void push(float score, std::int32_t row) {
        const Scored entry{score, row};
        if (heap_.size() < k_) {
            heap_.push_back(entry);
            std::push_heap(heap_.begin(), heap_.end(), ranks_before);
        } else if (k_ > 0 && ranks_before(entry, heap_.front())) {
            replace_worst(entry);
        }
    }

    void merge(const TopK& other) {
        for (const Scored& entry : other.heap_) push(entry.score, entry.row);
    }

    // Writes the entries best first, then pads with no_row and no_score. Empties the heap.
    void drain(std::span<std::int32_t> rows, std::span<float> scores) {
        std::sort_heap(heap_.begin(), heap_.end(), ranks_before);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            rows[i] = i < heap_.size() ? heap_[i].row : no_row;
            scores[i] = i < heap_.size() ? heap_[i].score : no_score;
        }
        heap_.clear();
    }

private:
    // Sinks the entry from the root: half the work of pop_heap and push_heap.
    void replace_worst(const Scored& entry) {
        std::size_t hole = 0;
        for (std::size_t child = 1; child < heap_.size(); child = 2 * hole + 1) {
            if (child + 1 < heap_.size() && ranks_before(heap_[child], heap_[child + 1])) ++child;
            if (!ranks_before(entry, heap_[child])) break;
            heap_[hole] = heap_[child];
            hole = child;
        }
        heap_[hole] = entry;
    }

    std::size_t k_;
    std::vector<Scored> heap_;
};

}  // namespace pyrec
