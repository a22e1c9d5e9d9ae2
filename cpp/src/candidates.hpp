// The columns that may yet be among the most similar ones of a row.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "pyrec/similarity.hpp"
#include "simd/kernels.hpp"

namespace pyrec::detail {

inline std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// How many products the neighbours of a row take: the lengths of the lists of its entries.
std::int64_t products(std::span<const std::int32_t> row, std::span<const std::int64_t> offsets);

// What turns dot products with a row of some weight into similarities.
Ratio ratio_of(float row_weight, const NeighborOptions& options);

// The operations of SelectKernels::divide, for the same bits.
inline float similarity_of(float dot, float weight, const Ratio& ratio) {
    return dot / (((ratio.slope * weight + ratio.own) - ratio.overlap * dot) + ratio.shrink);
}

// What a dot product passes if the similarity is at least `threshold`, whoever the column is.
Screen screen_for(float threshold, const Ratio& ratio);

// Collects columns by their dot products with one row. As soon as there are a few times k of them,
// the k best stay, with all that equal the k-th, and raise the threshold that others have to pass.
class Candidates {
public:
    // `weights` has one value for each column and a whole block beyond.
    Candidates(std::int64_t columns, std::span<const float> weights,
               const NeighborOptions& options);

    // Begins another row.
    void start(float row_weight);

    // Takes notice that k columns no heavier than this have a dot product of 1 or more.
    void reach(float weight) {
        screen_ =
            screen_for(std::max(similarity_of(1, weight, ratio_), options_.threshold), ratio_);
    }

    // What the dot product of a further candidate has to pass.
    const Screen& screen() const noexcept { return screen_; }

    // Where further candidates go; `add` takes in the n that were written there.
    std::int32_t* next_column() noexcept { return columns_.data() + found_; }
    float* next_dot() noexcept { return values_.data() + found_; }
    void add(std::int64_t n) {
        found_ += n;
        if (found_ >= limit_) tighten();
    }

    // Ends the row: nothing is left but the k best and what equals the k-th of them.
    void finish() { tighten(); }
    std::span<const std::int32_t> columns() const { return {columns_.data(), at(found_)}; }
    std::span<const float> similarities() const { return {values_.data(), at(found_)}; }

    // Whether one of them, which are to be asked about in the order of columns, is among the k
    // best: of those that equal the k-th the first ones are.
    bool chosen(float similarity) noexcept {
        const bool equal = !(similarity > cut_);
        ties_ -= equal;
        const bool late = equal && ties_ < 0;
        return !late && similarity != 0.0F && similarity > options_.threshold;
    }

private:
    void tighten();

    const SelectKernels& simd_ = kernels().select;
    const std::span<const float> weights_;
    const NeighborOptions options_;
    const std::int64_t least_limit_;
    std::vector<std::int32_t> columns_;
    std::vector<float> values_;  // dot products, of the first divided_ the similarities
    std::vector<float> scratch_;
    Ratio ratio_{};
    Screen screen_{};
    std::int64_t found_ = 0;
    std::int64_t divided_ = 0;
    std::int64_t limit_ = 0;
    float cut_ = 0;
    std::int64_t ties_ = 0;
};

}  // namespace pyrec::detail
