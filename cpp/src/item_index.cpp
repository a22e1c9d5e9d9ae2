#include "pyrec/item_index.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "exhaustive.hpp"
#include "panels.hpp"
#include "ranking.hpp"
#include "screening.hpp"

namespace pyrec {

namespace {

using detail::panel_items;

// A float that is not below an item's norm, and at most 1/8192 above it: its lowest 10 bits are
// zeros. Items are put in order by it, and so the bounds of panels fall.
float norm_above(DenseView<const float> items, std::int64_t row) {
    const double norm = detail::kernels().screen.norm(items.row(row), items.cols);
    const auto rounded = static_cast<float>(norm);
    // The next float up has the next bits; a branch could not be foreseen.
    const auto bits = std::bit_cast<std::uint32_t>(rounded) + (rounded < norm ? 1U : 0U);
    return std::bit_cast<float>((bits + 0x3FF) & ~0x3FFU);
}

// Sorts by the upper 22 bits of the keys, 11 at a time; equal ones keep their order.
void sort_by_upper_bits(std::vector<std::uint64_t>& keys) {
    std::vector<std::uint64_t> sorted(keys.size());
    for (int shift = 42; shift < 64; shift += 11) {
        const auto digit = [&](std::uint64_t key) { return (key >> shift) & 0x7FF; };
        std::size_t starts[2049] = {};
        for (const std::uint64_t key : keys) ++starts[digit(key) + 1];
        std::partial_sum(std::begin(starts), std::end(starts), starts);
        for (const std::uint64_t key : keys) sorted[starts[digit(key)]++] = key;
        keys.swap(sorted);
    }
}

// Rows by falling norm, equal norms in row order.
std::vector<std::int32_t> order_by_norm(DenseView<const float> items, const Execution& execution) {
    // Norms are not negative, and so their bits are ordered as they are.
    std::vector<std::uint64_t> keys(static_cast<std::size_t>(items.rows));
    parallel_for(items.rows, 16'384, execution, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t row = begin; row < end; ++row) {
            const std::uint32_t falling = ~std::bit_cast<std::uint32_t>(norm_above(items, row));
            keys[static_cast<std::size_t>(row)] =
                (std::uint64_t{falling} << 32) | static_cast<std::uint64_t>(row);
        }
    });
    sort_by_upper_bits(keys);
    std::vector<std::int32_t> order(keys.size());
    std::ranges::transform(keys, order.begin(), [](std::uint64_t key) {
        return static_cast<std::int32_t>(key & 0x7FFFFFFF);
    });
    return order;
}

// Quantises the items of one panel, which stand by falling norm.
PanelBounds quantize_panel(DenseView<const float> items, std::span<const std::int32_t> rows,
                           double least_scale, std::uint8_t* codes) {
    const detail::ScreenKernels& simd = detail::kernels().screen;
    std::array<const float*, panel_items> vectors;
    std::ranges::transform(rows, vectors.begin(), [&](std::int32_t row) { return items.row(row); });
    const float largest =
        simd.largest_magnitude(vectors.data(), static_cast<std::int64_t>(rows.size()), items.cols);
    PanelBounds bounds{std::max(largest / 127.0, least_scale), norm_above(items, rows[0]), 0.0};
    if (rows.size() < panel_items) {
        std::fill_n(codes, detail::panel_bytes(items.cols), std::uint8_t{128});
    }
    for (std::size_t lane = 0; lane < rows.size(); ++lane) {
        const double residual = simd.quantize(vectors[lane], items.cols, bounds.scale, 128,
                                              codes + lane * 4, panel_items * 4);
        bounds.residual = std::max(bounds.residual, residual);
    }
    return bounds;
}

// Indexes the items of some rows, which stand by falling norm.
ItemIndexArrays index_rows(DenseView<const float> items, std::vector<std::int32_t> rows,
                           const Execution& execution) {
    const std::int64_t panels = detail::panel_count(static_cast<std::int64_t>(rows.size()));
    const std::int64_t panel_bytes = detail::panel_bytes(items.cols);
    ItemIndexArrays index{
        .order = std::move(rows),
        .codes = {},
        .bounds = std::vector<double>(static_cast<std::size_t>(3 * panels)),
    };
    index.codes.resize(static_cast<std::size_t>(panels * panel_bytes));
    // Panels of vanishing items share a step that is not too far below the largest, so that ratios
    // of steps stay within float; 1 if all items are zero.
    const double largest = panels > 0 ? double{norm_above(items, index.order[0])} : 0.0;
    const double least_scale = largest > 0.0 ? largest * 1e-30 : 1.0;
    parallel_for(panels, 128, execution, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t panel = begin; panel < end; ++panel) {
            const PanelBounds bounds =
                quantize_panel(items, detail::panel_rows(index.order, panel), least_scale,
                               index.codes.data() + panel * panel_bytes);
            double* to = index.bounds.data() + 3 * panel;
            to[0] = bounds.scale;
            to[1] = bounds.norm;
            to[2] = bounds.residual;
        }
    });
    return index;
}

}  // namespace

ItemIndexArrays index_items(DenseView<const float> items, const Execution& execution) {
    return index_rows(items, order_by_norm(items, execution), execution);
}

namespace {

// The rows of the index that may appear in any list, in its order.
std::vector<std::int32_t> allowed_rows(const ItemIndex& index, const Filter& filter) {
    std::vector<std::int32_t> rows;
    for (std::int64_t panel = 0; panel < index.panels(); ++panel) {
        const auto all = detail::panel_rows(index.order, panel);
        for (std::uint64_t bits = detail::allowed_at(filter, all); bits != 0; bits &= bits - 1) {
            rows.push_back(all[static_cast<std::size_t>(std::countr_zero(bits))]);
        }
    }
    return rows;
}

// About how long a user takes, in nanoseconds: a product of codes every hundredth of one.
std::int64_t time_per_user(const ItemIndex& index) {
    return static_cast<std::int64_t>(index.order.size()) * index.items.cols / 100 + 1;
}
constexpr std::int64_t millisecond = 1'000'000;

struct Query {
    DenseView<const float> users;
    const ItemIndex& index;
    const Filter& filter;
    std::int64_t k;

    // One search for each worker of a loop.
    std::vector<detail::Screening> searches(int workers, std::int64_t block) const {
        return {static_cast<std::size_t>(workers),
                detail::Screening(users, index, filter, k, block)};
    }
};

// Many users: each worker takes blocks of them. The codes of a panel are read once for a block.
SearchCounts search_by_users(const Query& query, const Execution& execution,
                             std::span<std::int32_t> rows, std::span<float> scores) {
    const std::int64_t users = query.users.rows;
    const std::int64_t block = std::clamp<std::int64_t>(
        std::max(users / std::max(1, execution.threads), millisecond / time_per_user(query.index)),
        1, detail::screen_block);
    const std::int64_t blocks = (users + block - 1) / block;
    auto searches = query.searches(worker_count(blocks, 1, execution), block);
    parallel_for(blocks, 1, execution, [&](std::int64_t i, std::int64_t, int worker) {
        auto& search = searches[static_cast<std::size_t>(worker)];
        search.start(i * block, std::min((i + 1) * block, users));
        search.search(0, query.index.panels());
        search.finish(query.k, rows, scores);
    });
    SearchCounts counts;
    for (const auto& search : searches) {
        counts.screened += search.counts().screened;
        counts.scored += search.counts().scored;
    }
    return counts;
}

// Few users: each worker takes some of the panels, and the order of lists being total, the union of
// what they find is exact.
SearchCounts search_by_panels(const Query& query, const Execution& execution,
                              std::span<std::int32_t> rows, std::span<float> scores) {
    const std::int64_t users = query.users.rows;
    const std::int64_t panels = query.index.panels();
    const std::int64_t grain = panels * millisecond / (time_per_user(query.index) * users) + 1;
    auto searches = query.searches(worker_count(panels, grain, execution), users);
    for (auto& search : searches) search.start(0, users);
    parallel_for(panels, grain, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
        searches[static_cast<std::size_t>(worker)].search(begin, end);
    });
    for (std::size_t i = 1; i < searches.size(); ++i) searches[0].merge(searches[i]);
    searches[0].finish(query.k, rows, scores);
    return searches[0].counts();
}

// An item is indexed in the time of about this many screenings: where a filter spares more of them,
// an index of the allowed items alone is worth the making. Else, where it leaves less than one item
// in 64, these are scored at once: a panel takes as long for one as for 64. (Measured with 64
// factors.)
constexpr std::int64_t screenings_per_index = 8192;
constexpr std::int64_t least_share_to_search = 64;

SearchCounts search(const Query& query, const Execution& execution, std::span<std::int32_t> rows,
                    std::span<float> scores) {
    const bool few = query.users.rows <= std::min(8 * execution.threads, detail::screen_block);
    return few ? search_by_panels(query, execution, rows, scores)
               : search_by_users(query, execution, rows, scores);
}

}  // namespace

SearchCounts recommend_indexed(DenseView<const float> users, const ItemIndex& index,
                               const Filter& filter, std::int64_t k, const Execution& execution,
                               std::span<std::int32_t> rows, std::span<float> scores) {
    const std::int64_t items = index.items.rows;
    const std::int64_t worth_index = users.rows * items / screenings_per_index;
    const std::int64_t few = items / least_share_to_search;
    const std::int64_t allowed = detail::count_allowed(filter, items, std::max(worth_index, few));
    if (users.rows == 0 || allowed == 0) {
        std::ranges::fill(rows, no_row);
        std::ranges::fill(scores, no_score);
        return {};
    }
    if (allowed < items && allowed <= worth_index) {
        const auto narrow = index_rows(index.items, allowed_rows(index, filter), execution);
        return search({users, narrow.view(index.items), filter, k}, execution, rows, scores);
    }
    if (allowed <= few) {
        detail::recommend_exhaustively(users, index.items, filter, k, execution, rows, scores);
        return {.scored = users.rows * allowed};
    }
    return search({users, index, filter, k}, execution, rows, scores);
}

}  // namespace pyrec
