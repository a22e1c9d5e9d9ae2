#include "pyrec/grouping.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "pyrec/errors.hpp"

namespace pyrec {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// Where the events of each row begin, and at the end their number.
std::vector<std::int64_t> count_rows(std::span<const std::int32_t> rows, std::int64_t row_count) {
    std::vector<std::int64_t> begins(at(row_count + 1), 0);
    for (const std::int32_t row : rows) ++begins[at(row) + 1];
    for (std::size_t i = 1; i < begins.size(); ++i) {
        if (begins[i] > std::numeric_limits<std::uint32_t>::max()) {
            throw InvalidInput("row " + std::to_string(i - 1) + " has 2^32 events or more");
        }
        begins[i] += begins[i - 1];
    }
    return begins;
}

std::vector<std::int64_t> order_by_row(std::span<const std::int32_t> rows,
                                       std::vector<std::int64_t> next) {
    std::vector<std::int64_t> order(rows.size());
    for (std::size_t event = 0; event < rows.size(); ++event) {
        order[at(next[at(rows[event])]++)] = static_cast<std::int64_t>(event);
    }
    return order;
}

// Sorts the events of one row by column. A column and the event's place in the row make one key,
// so that an ordinary sort is stable.
struct RowSorter {
    std::vector<std::uint64_t> keys;
    std::vector<std::int64_t> events;

    // Writes the sorted columns, and returns how many distinct ones there are.
    std::int64_t sort(std::span<const std::int32_t> columns, std::span<std::int64_t> order,
                      std::span<std::int32_t> sorted) {
        keys.resize(order.size());
        for (std::size_t j = 0; j < keys.size(); ++j) {
            keys[j] = static_cast<std::uint64_t>(columns[at(order[j])]) << 32 | j;
        }
        std::sort(keys.begin(), keys.end());
        events.assign(order.begin(), order.end());
        std::int64_t distinct = 0;
        for (std::size_t j = 0; j < keys.size(); ++j) {
            order[j] = events[keys[j] & std::numeric_limits<std::uint32_t>::max()];
            sorted[j] = static_cast<std::int32_t>(keys[j] >> 32);
            distinct += j == 0 || sorted[j] != sorted[j - 1];
        }
        return distinct;
    }
};

constexpr std::int64_t row_grain = 512;
constexpr std::int64_t pair_grain = 1 << 15;

}  // namespace

PairGroups group_pairs(std::span<const std::int32_t> rows, std::span<const std::int32_t> columns,
                       std::int64_t row_count, const Execution& execution) {
    const std::vector<std::int64_t> begins = count_rows(rows, row_count);
    PairGroups groups;
    groups.order = order_by_row(rows, begins);
    groups.offsets.assign(begins.size(), 0);
    std::vector<std::int32_t> sorted(rows.size());
    std::vector<RowSorter> sorters(at(worker_count(row_count, row_grain, execution)));
    parallel_for(row_count, row_grain, execution, [&](auto first, auto last, int worker) {
        for (std::int64_t row = first; row < last; ++row) {
            const std::size_t begin = at(begins[at(row)]);
            const std::size_t size = at(begins[at(row) + 1]) - begin;
            groups.offsets[at(row) + 1] =
                sorters[at(worker)].sort(columns, std::span(groups.order).subspan(begin, size),
                                         std::span(sorted).subspan(begin, size));
        }
    });
    for (std::size_t i = 1; i < groups.offsets.size(); ++i) {
        groups.offsets[i] += groups.offsets[i - 1];
    }
    groups.columns.resize(at(groups.offsets.back()));
    groups.starts.assign(groups.columns.size() + 1, static_cast<std::int64_t>(rows.size()));
    parallel_for(row_count, row_grain, execution, [&](auto first, auto last, int) {
        for (std::int64_t row = first; row < last; ++row) {
            std::size_t pair = at(groups.offsets[at(row)]);
            for (std::int64_t slot = begins[at(row)]; slot < begins[at(row) + 1]; ++slot) {
                if (slot > begins[at(row)] && sorted[at(slot)] == sorted[at(slot - 1)]) continue;
                groups.columns[pair] = sorted[at(slot)];
                groups.starts[pair++] = slot;
            }
        }
    });
    return groups;
}

void merge_pairs(std::span<const std::int64_t> starts, std::span<const std::int64_t> order,
                 const EventColumns& events, Merge how, const Execution& execution,
                 std::span<double> values, std::span<std::uint32_t> bits,
                 std::span<std::int64_t> latest) {
    const auto weight_of = [&](std::size_t event) {
        const double weight = events.weights.empty() ? 1.0 : double{events.weights[event]};
        return events.factors.empty() ? weight : weight * events.factors[events.kinds[event]];
    };
    const auto pairs = static_cast<std::int64_t>(values.size());
    parallel_for(pairs, pair_grain, execution, [&](auto first, auto last, int) {
        for (std::size_t pair = at(first); pair < at(last); ++pair) {
            double value = how == Merge::sum ? 0.0 : -std::numeric_limits<double>::infinity();
            std::uint32_t seen = 0;
            std::int64_t time = std::numeric_limits<std::int64_t>::min();
            for (std::int64_t slot = starts[pair]; slot < starts[pair + 1]; ++slot) {
                const std::size_t event = at(order[at(slot)]);
                const double weight = weight_of(event);
                const std::int64_t now = events.times.empty() ? time : events.times[event];
                if (how == Merge::sum) value += weight;
                if (how == Merge::max) value = std::max(value, weight);
                if (how == Merge::last && now >= time) value = weight;
                time = std::max(time, now);
                if (!events.kinds.empty()) seen |= std::uint32_t{1} << events.kinds[event];
            }
            values[pair] = value;
            if (!bits.empty()) bits[pair] = seen;
            if (!latest.empty()) latest[pair] = time;
        }
    });
}

}  // namespace pyrec
