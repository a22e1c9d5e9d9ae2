// The search of an item index for a block of users (private).
//
// Write s, t for the steps of a user's and of a panel's codes a, q; u^ = s a and v^ = t q for what
// the codes stand for; g for the relative rounding of dot() and d for its absolute one. By
// Cauchy-Schwarz the score that dot() reports is at most
//
//     s t a.q + (|u - u^| + g |u|) |v| + |u^| |v - v^| + d.
//
// With N, R the panel's bounds of |v|, |v - v^|, an item can be left out if that is below the k-th
// best score T so far, which is: the stored codes being q + 128, if
//
//     a.(q + 128) < (T - d) / (s t) - ((|u - u^| + g |u|) / s) (N / t) - (|u^| / s) (R / t)
//                   + 128 sum a.
//
// The right side is computed in float (simd/screen.inl); a slack covers its roundings. To stay in
// range, T and t are taken in units of the first panel's step. A user is done when |u| N (1 + g) +
// d is below T: norms only fall from there.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pyrec/item_index.hpp"
#include "pyrec/topk.hpp"
#include "simd/kernels.hpp"

namespace pyrec::detail {

class Screening {
public:
    Screening(DenseView<const float> users, const ItemIndex& index, const Filter& filter,
              std::int64_t k, std::int64_t block);

    // Takes up users [begin, end), at most `block` of them.
    void start(std::int64_t begin, std::int64_t end);

    // Searches some panels; calls for the same users must come in ascending order.
    void search(std::int64_t first_panel, std::int64_t last_panel);

    // Takes over what another search found for the same users in other panels.
    void merge(const Screening& other);

    // Writes the lists of the users taken up.
    void finish(std::int64_t k, std::span<std::int32_t> rows, std::span<float> scores);

    SearchCounts counts() const { return counts_; }

private:
    struct Bound {
        double unit;  // s, times the first panel's t
        double norm;  // |u|
    };

    // The users not yet done, closed up: the terms that `screen` reads, and their slots.
    struct Lanes {
        std::size_t count = 0;
        std::size_t slot[screen_block];
        const std::int32_t* words[screen_block];
        float threshold[screen_block];
        float error[screen_block];
        float norm[screen_block];
        float offset[screen_block];

        void move(std::size_t from, std::size_t to);
    };

    std::uint64_t candidates(std::int64_t panel);
    void activate(std::size_t slot);
    void retire(double largest_norm);
    void raise_threshold(std::size_t lane);
    void score_survivors(std::size_t lane, std::int64_t panel, std::uint64_t survivors);

    DenseView<const float> users_;
    const ItemIndex& index_;
    const Filter& filter_;
    const KernelTable& simd_ = kernels();

    // The bits of candidates() up to a panel, made when a search first gets there: most never does.
    std::vector<std::uint64_t> candidates_;
    std::int64_t known_panels_ = 0;

    double relative_error_;  // g
    double absolute_error_;  // d
    double slack_;

    // By slot, a user's place in the block.
    std::int64_t first_user_ = 0;
    std::size_t slots_ = 0;
    std::vector<TopK> best_;
    std::vector<Bound> bounds_;
    std::vector<std::int32_t> packed_codes_;
    std::vector<std::int8_t> codes_;      // scratch: of the user being taken up
    std::vector<std::size_t> unbounded_;  // those whose scores no bound can order

    Lanes lanes_;
    SearchCounts counts_;
};

}  // namespace pyrec::detail
