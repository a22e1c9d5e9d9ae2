#include "id_table.hpp"

#include <cstring>
#include <numeric>
#include <utility>

namespace pyrec {

namespace {

std::vector<std::int32_t> inverse(std::span<const std::int32_t> order) {
    std::vector<std::int32_t> ranks(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        ranks[static_cast<std::size_t>(order[i])] = static_cast<std::int32_t>(i);
    }
    return ranks;
}

// How many bytes all strings have in common at their beginning.
std::size_t common_prefix(const StringIds& ids) noexcept {
    if (ids.size == 0) return 0;
    std::size_t common = ids[0].size();
    for (std::int64_t row = 1; row < ids.size; ++row) {
        const std::string_view text = ids[row];
        std::size_t n = 0;
        while (n < std::min(common, text.size()) && text[n] == ids.bytes[n]) ++n;
        common = n;
    }
    return common;
}

// Eight bytes as a number that compares as they do; where there are fewer, 0 stands for them.
std::uint64_t leading_bytes(std::string_view text) noexcept {
    char bytes[8] = {};
    std::memcpy(bytes, text.data(), std::min(text.size(), sizeof bytes));
    std::uint64_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
}

}  // namespace

std::vector<std::int32_t> sort_ids(IntegerStore& ids) {
    std::vector<std::int32_t> order(ids.values.size());
    std::iota(order.begin(), order.end(), 0);
    const auto value = [&](std::int32_t row) { return ids.values[static_cast<std::size_t>(row)]; };
    std::sort(order.begin(), order.end(),
              [&](std::int32_t a, std::int32_t b) { return value(a) < value(b); });
    std::sort(ids.values.begin(), ids.values.end());
    return inverse(order);
}

std::vector<std::int32_t> sort_ids(StringStore& ids) {
    const StringIds view = ids.view();
    // Most comparisons end at the first bytes that differ at all, which lie together; few look at
    // the strings ("user0000001" and its like have five bytes in common).
    const std::size_t common = common_prefix(view);
    std::vector<std::pair<std::uint64_t, std::int32_t>> keys;
    keys.reserve(static_cast<std::size_t>(view.size));
    for (std::int64_t row = 0; row < view.size; ++row) {
        keys.emplace_back(leading_bytes(view[row].substr(common)), static_cast<std::int32_t>(row));
    }
    std::sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : view[a.second] < view[b.second];
    });
    StringStore sorted;
    sorted.bytes.reserve(ids.bytes.size());
    sorted.offsets.reserve(ids.offsets.size());
    std::vector<std::int32_t> order;
    order.reserve(keys.size());
    for (const auto& [_, row] : keys) {
        sorted.append(view[row]);
        order.push_back(row);
    }
    ids = std::move(sorted);
    return inverse(order);
}

}  // namespace pyrec
