#include "pyrec/item_index.hpp"

#include <algorithm>
#include <cstring>

#include "panels.hpp"
#include "quantization.hpp"
#include "ranking.hpp"
#include "screening.hpp"

namespace pyrec {

namespace {

using detail::panel_items;

// Rows by falling norm, equal norms in row order.
std::vector<std::int32_t> order_by_norm(DenseView<const float> items, const Execution& execution) {
    struct Keyed {
        double norm;
        std::int32_t row;
    };
    std::vector<Keyed> keyed(static_cast<std::size_t>(items.rows));
    parallel_for(items.rows, 16'384, execution, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t row = begin; row < end; ++row) {
            keyed[static_cast<std::size_t>(row)] = {detail::norm(items.row(row), items.cols),
                                                    static_cast<std::int32_t>(row)};
        }
    });
    std::ranges::sort(keyed, [](const Keyed& a, const Keyed& b) {
        return a.norm > b.norm || (a.norm == b.norm && a.row < b.row);
    });
    std::vector<std::int32_t> order(keyed.size());
    std::ranges::transform(keyed, order.begin(), &Keyed::row);
    return order;
}

// Quantises the items of one panel; `codes` is zeroed to 128, the code of 0, beforehand.
PanelBounds quantize_panel(DenseView<const float> items, std::span<const std::int32_t> rows,
                           double least_scale, std::uint8_t* codes) {
    float largest = 0.0F;
    for (const std::int32_t row : rows) {
        largest = std::max(largest, detail::largest_magnitude(items.row(row), items.cols));
    }
    PanelBounds bounds{std::max(largest / 127.0, least_scale), 0.0, 0.0};
    std::vector<std::int8_t> signed_codes(
        static_cast<std::size_t>(detail::code_groups(items.cols) * 4));
    for (std::size_t lane = 0; lane < rows.size(); ++lane) {
        const float* item = items.row(rows[lane]);
        bounds.norm = std::max(bounds.norm, detail::norm(item, items.cols));
        bounds.residual = std::max(
            bounds.residual, detail::quantize(item, items.cols, bounds.scale, signed_codes.data()));
        for (std::size_t group = 0; group < signed_codes.size() / 4; ++group) {
            for (std::size_t i = 0; i < 4; ++i) {
                codes[(group * panel_items + lane) * 4 + i] =
                    static_cast<std::uint8_t>(signed_codes[group * 4 + i] + 128);
            }
        }
    }
    return bounds;
}

}  // namespace

ItemIndexArrays index_items(DenseView<const float> items, const Execution& execution) {
    const std::int64_t panels = detail::panel_count(items.rows);
    const std::int64_t panel_bytes = detail::panel_bytes(items.cols);
    ItemIndexArrays index{
        .order = order_by_norm(items, execution),
        .codes = std::vector<std::uint8_t>(static_cast<std::size_t>(panels * panel_bytes), 128),
        .bounds = std::vector<PanelBounds>(static_cast<std::size_t>(panels)),
    };
    // Panels of vanishing items share a step that is not too far below the largest, so that ratios
    // of steps stay within float; 1 if all items are zero.
    const double largest =
        items.rows > 0 ? detail::norm(items.row(index.order[0]), items.cols) : 0.0;
    const double least_scale = largest > 0.0 ? largest * 1e-30 : 1.0;
    parallel_for(panels, 128, execution, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t panel = begin; panel < end; ++panel) {
            index.bounds[static_cast<std::size_t>(panel)] =
                quantize_panel(items, detail::panel_rows(index.order, panel), least_scale,
                               index.codes.data() + panel * panel_bytes);
        }
    });
    return index;
}

namespace {

// A bit for each place in the index whose item may appear in any list.
std::vector<std::uint64_t> candidate_bits(const ItemIndex& index, const Filter& filter) {
    std::vector<std::uint64_t> bits(index.bounds.size(), 0);
    for (std::size_t panel = 0; panel < bits.size(); ++panel) {
        const auto rows = detail::panel_rows(index.order, static_cast<std::int64_t>(panel));
        for (std::size_t i = 0; i < rows.size(); ++i) {
            bits[panel] |= std::uint64_t{detail::is_allowed(filter, rows[i])} << i;
        }
    }
    return bits;
}

// A calling thread is worth about a million of these.
std::int64_t nanoseconds_per_user(const ItemIndex& index) {
    return index.items.rows * index.items.cols / 100 + 1;
}

}  // namespace

SearchCounts recommend_indexed(DenseView<const float> users, const ItemIndex& index,
                               const Filter& filter, std::int64_t k, const Execution& execution,
                               std::span<std::int32_t> rows, std::span<float> scores) {
    constexpr std::int64_t millisecond = 1'000'000;
    const std::int64_t threads = std::max(1, execution.threads);
    const auto candidates = candidate_bits(index, filter);
    const auto panels = static_cast<std::int64_t>(candidates.size());
    const auto searches = [&](std::int64_t n, std::int64_t grain, std::int64_t block) {
        return std::vector<detail::Screening>(
            static_cast<std::size_t>(worker_count(n, grain, execution)),
            detail::Screening(users, index, filter, candidates, k, block));
    };
    SearchCounts counts;
    if (users.rows <= std::min<std::int64_t>(8 * threads, detail::screen_block)) {
        const std::int64_t work = nanoseconds_per_user(index) * users.rows / std::max(panels, {1});
        const std::int64_t grain = millisecond / (work + 1) + 1;
        auto search = searches(panels, grain, users.rows);
        for (auto& mine : search) mine.start(0, users.rows);
        parallel_for(panels, grain, execution, [&](std::int64_t begin, std::int64_t end, int w) {
            search[static_cast<std::size_t>(w)].search(begin, end);
        });
        for (std::size_t other = 1; other < search.size(); ++other) search[0].merge(search[other]);
        search[0].finish(k, rows, scores);
        return search[0].counts();
    }
    const std::int64_t block = std::clamp<std::int64_t>(
        std::max(users.rows / threads, millisecond / nanoseconds_per_user(index)), 1,
        detail::screen_block);
    const std::int64_t blocks = (users.rows + block - 1) / block;
    auto search = searches(blocks, 1, block);
    parallel_for(blocks, 1, execution, [&](std::int64_t begin, std::int64_t, int w) {
        auto& mine = search[static_cast<std::size_t>(w)];
        mine.start(begin * block, std::min((begin + 1) * block, users.rows));
        mine.search(0, panels);
        mine.finish(k, rows, scores);
    });
    for (const auto& mine : search) {
        counts.screened += mine.counts().screened;
        counts.scored += mine.counts().scored;
    }
    return counts;
}

}  // namespace pyrec
