// The layout of an item index: panels of 64 items, factors in groups of four (private).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

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

}  // namespace pyrec::detail
