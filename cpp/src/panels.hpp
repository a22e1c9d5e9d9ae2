// The layout of an item index: panels of 64 items, factors in groups of four (private).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "pyrec/scoring.hpp"
#include "simd/kernels.hpp"

namespace pyrec::detail {

inline constexpr std::size_t panel_items = screen_panel;

inline std::int64_t panel_count(std::int64_t items) {
    return (items + screen_panel - 1) / screen_panel;
}

inline std::int64_t code_groups(std::int64_t factors) { return (factors + 3) / 4; }

inline std::int64_t panel_bytes(std::int64_t factors) {
    return code_groups(factors) * 4 * screen_panel;
}

// The rows that stand in a panel: 64, or what is left for the last.
inline std::span<const std::int32_t> panel_rows(std::span<const std::int32_t> order,
                                                std::int64_t panel) {
    const auto begin = static_cast<std::size_t>(panel) * panel_items;
    return order.subspan(begin, std::min(panel_items, order.size() - begin));
}

// A bit for each of the rows of a panel whose item may appear in any list.
inline std::uint64_t allowed_at(const Filter& filter, std::span<const std::int32_t> rows) {
    if (filter.allowed.empty()) return ~std::uint64_t{0} >> (panel_items - rows.size());
    return kernels().screen.bits_at(filter.allowed.data(), rows.data(),
                                    static_cast<std::int64_t>(rows.size()));
}

}  // namespace pyrec::detail
