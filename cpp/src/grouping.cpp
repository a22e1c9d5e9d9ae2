#include "pyrec/grouping.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "pyrec/errors.hpp"

namespace pyrec {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// Where the events of each row begin, and at the end their number.
std::vector<std::int64_t> count_rows(std::span<const std::int32_t> rows, std::int64_t row_count) {
    std::vector<std::int64_t> begins(at(row_count + 1), 0);
    for (const std::int32_t row : rows) ++begins[at(row) + 1];
    for (std::size_t i = 1; i < begins.size(); ++i) begins[i] += begins[i - 1];
    return begins;
}

// A column and the position of an event in one number: sorting these sorts stably by column.
constexpr int position_bits = 32;
constexpr std::int64_t position_mask = (std::int64_t{1} << position_bits) - 1;

std::int64_t column_of(std::int64_t key) { return key >> position_bits; }

// The keys of all events, row by row.
std::vector<std::int64_t> keys_by_row(std::span<const std::int32_t> rows,
                                      std::span<const std::int32_t> columns,
                                      std::vector<std::int64_t> next) {
    std::vector<std::int64_t> keys(rows.size());
    for (std::size_t event = 0; event < rows.size(); ++event) {
        keys[at(next[at(rows[event])]++)] = static_cast<std::int64_t>(columns[event])
                                                << position_bits |
                                            static_cast<std::int64_t>(event);
    }
    return keys;
}

constexpr std::int64_t row_grain = 512;
constexpr std::int64_t pair_grain = 1 << 15;

}  // namespace

PairGroups group_pairs(std::span<const std::int32_t> rows, std::span<const std::int32_t> columns,
                       std::int64_t row_count, const Execution& execution) {
    if (rows.size() > at(position_mask)) throw InvalidInput("a log has less than 2^32 events");
    const std::vector<std::int64_t> begins = count_rows(rows, row_count);
    std::vector<std::int64_t> keys = keys_by_row(rows, columns, begins);
    PairGroups groups;
    groups.offsets.assign(begins.size(), 0);
    parallel_for(row_count, row_grain, execution, [&](auto first, auto last, int) {
        for (std::int64_t row = first; row < last; ++row) {
            const auto begin = keys.begin() + begins[at(row)];
            const auto end = keys.begin() + begins[at(row) + 1];
            std::sort(begin, end);
            std::int64_t distinct = begin != end;
            for (auto key = begin; key + 1 < end; ++key) {
                distinct += column_of(key[1]) != column_of(key[0]);
            }
            groups.offsets[at(row) + 1] = distinct;
        }
    });
    std::partial_sum(groups.offsets.begin(), groups.offsets.end(), groups.offsets.begin());
    groups.columns.resize(at(groups.offsets.back()));
    groups.starts.assign(groups.columns.size() + 1, static_cast<std::int64_t>(rows.size()));
    parallel_for(row_count, row_grain, execution, [&](auto first, auto last, int) {
        for (std::int64_t row = first; row < last; ++row) {
            std::size_t pair = at(groups.offsets[at(row)]);
            std::int64_t previous = -1;
            for (std::int64_t slot = begins[at(row)]; slot < begins[at(row) + 1]; ++slot) {
                const std::int64_t column = column_of(keys[at(slot)]);
                keys[at(slot)] &= position_mask;
                if (column == previous) continue;
                groups.columns[pair] = static_cast<std::int32_t>(column);
                groups.starts[pair++] = slot;
                previous = column;
            }
        }
    });
    groups.order = std::move(keys);
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
