// Item factors put in order of norm and quantised: what exact top-k over many items reads first.
//
// Almost no item can reach a user's list of k, and one byte per factor suffices to show it. Items
// stand in panels of 64, largest norms first, so that a user is done at the first panel whose norms
// are too small (Cauchy-Schwarz); within a panel, integer inner products of the codes, with a
// rigorous bound of the error, leave a few survivors. Only those are scored. Results are therefore
// bit for bit those of scoring every item.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "pyrec/parallel.hpp"
#include "pyrec/scoring.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

// An upper bound for each panel, and the step of its codes.
struct PanelBounds {
    double scale;     // an item's factor is about scale * (code - 128)
    double norm;      // no item's norm is larger
    double residual;  // no item is farther from what its codes stand for
};

// A view: the factors themselves, and the arrays that index_items() made of them.
struct ItemIndex {
    DenseView<const float> items;
    std::span<const std::int32_t> order;  // rows of `items`, largest norm first
    std::span<const std::uint8_t> codes;  // (panels, factors / 4 rounded up, 64, 4)
    std::span<const double> bounds;       // (panels, 3): the fields of PanelBounds

    std::int64_t panels() const { return static_cast<std::int64_t>(bounds.size()) / 3; }
    PanelBounds panel(std::int64_t i) const {
        const auto of = bounds.subspan(static_cast<std::size_t>(3 * i), 3);
        return {of[0], of[1], of[2]};
    }
};

// Leaves the new elements of a vector unwritten, for workers to write each its own.
template <class T>
struct Unwritten : std::allocator<T> {
    template <class U>
    struct rebind {
        using other = Unwritten<U>;
    };
    template <class U>
    void construct(U* at) noexcept {
        ::new (static_cast<void*>(at)) U;
    }
};

struct ItemIndexArrays {
    std::vector<std::int32_t> order;
    std::vector<std::uint8_t, Unwritten<std::uint8_t>> codes;
    std::vector<double> bounds;

    ItemIndex view(DenseView<const float> items) const { return {items, order, codes, bounds}; }
};

// Of items that are not finite it makes an index that is of no use, and whose first norm, the
// largest, is not finite either.
ItemIndexArrays index_items(DenseView<const float> items, const Execution& execution);

// How much work a search did, of users * items pairs in all.
struct SearchCounts {
    std::int64_t screened = 0;  // pairs whose codes were multiplied
    std::int64_t scored = 0;    // pairs whose factors were multiplied
};

// recommend_dense() with an index made beforehand: the same lists, bit for bit.
SearchCounts recommend_indexed(DenseView<const float> users, const ItemIndex& index,
                               const Filter& filter, std::int64_t k, const Execution& execution,
                               std::span<std::int32_t> rows, std::span<float> scores);

}  // namespace pyrec
