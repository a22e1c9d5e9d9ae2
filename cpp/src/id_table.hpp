// Ids and their rows. A table stands beside the ids: open addressing with linear probing, in plain
// memory, so that it can be stored and memory-mapped with them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "hash.hpp"
#include "pyrec/errors.hpp"

namespace pyrec {

// 0 where empty; else row + 1 in the lower half and the upper half of the id's hash in the upper,
// so that a probe seldom looks at an id that is not the one sought.
using Slot = std::uint64_t;

inline constexpr std::int64_t max_ids = std::numeric_limits<std::int32_t>::max();

struct IntegerIds {
    using Key = std::int64_t;

    const std::int64_t* values = nullptr;
    std::int64_t size = 0;

    Key operator[](std::int64_t row) const noexcept { return values[row]; }
};

// UTF-8 strings, one after the other: string i ends where string i + 1 begins.
struct StringIds {
    using Key = std::string_view;

    const char* bytes = nullptr;
    const std::int64_t* offsets = nullptr;
    std::int64_t size = 0;

    Key operator[](std::int64_t row) const noexcept {
        return {bytes + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
    }
};

namespace detail {

inline constexpr Slot tag_mask = ~Slot{0} << 32;

// Calls at(slot) for the slots that may hold a hash, until it returns true. Stops at an empty slot,
// which is the last one that it is called with.
template <class Slots, class At>
void probe(Slots& slots, std::uint64_t hash, At&& at) {
    const std::size_t mask = slots.size() - 1;
    for (std::size_t i = hash & mask, n = 0; n <= mask; i = (i + 1) & mask, ++n) {
        const Slot slot = slots[i];
        if (slot == 0 || (slot & tag_mask) == (hash & tag_mask)) {
            if (at(slots[i]) || slot == 0) return;
        }
    }
}

inline std::int64_t row_of(Slot slot) noexcept {
    return static_cast<std::int64_t>(slot & ~tag_mask) - 1;
}

inline Slot slot_of(std::uint64_t hash, std::int64_t row) noexcept {
    return (hash & tag_mask) | static_cast<Slot>(row + 1);
}

}  // namespace detail

// Number of slots for n ids: a power of two, at most half full.
inline std::size_t slots_for(std::int64_t n) noexcept {
    return std::bit_ceil(static_cast<std::size_t>(std::max<std::int64_t>(2 * n, 16)));
}

// A table as it is stored: the seed of its hash, then its slots.
struct Table {
    const std::uint64_t* words = nullptr;
    std::int64_t size = 0;

    detail::Hash hash() const noexcept { return detail::Hash(words[0]); }
    std::span<const Slot> slots() const noexcept {
        return {words + 1, static_cast<std::size_t>(size) - 1};
    }
};

inline std::int64_t table_size(std::int64_t n) noexcept {
    return 1 + static_cast<std::int64_t>(slots_for(n));
}

namespace detail {

// Safe on a table that was damaged on disk: the answer is then wrong, but no row outside the ids is
// looked at.
template <class Ids>
std::int64_t find(const Ids& ids, std::span<const Slot> slots, std::uint64_t hash,
                  typename Ids::Key key) noexcept {
    std::int64_t found = -1;
    probe(slots, hash, [&](Slot slot) {
        const std::int64_t row = row_of(slot);
        if (row < 0 || row >= ids.size || ids[row] != key) return false;
        found = row;
        return true;
    });
    return found;
}

// Fills empty slots. Returns the first row whose id an earlier row has too, or -1.
template <class Ids>
std::int64_t fill(const Ids& ids, const Hash& hash, std::span<Slot> slots) {
    for (std::int64_t row = 0; row < ids.size; ++row) {
        const auto key = ids[row];
        const std::uint64_t code = hash(key);
        bool repeated = false;
        probe(slots, code, [&](Slot& slot) {
            if (slot == 0) {
                slot = slot_of(code, row);
            } else {
                repeated = ids[row_of(slot)] == key;
            }
            return repeated;
        });
        if (repeated) return row;
    }
    return -1;
}

// Depends on all the ids: the same for the same ids, so that stored tables are equal, and not to be
// foreseen by somebody who wants to choose ids that collide.
template <class Ids>
std::uint64_t content_seed(const Ids& ids) noexcept {
    const Hash hash(0);
    std::uint64_t seed = root2;
    for (std::int64_t row = 0; row < ids.size; ++row) {
        seed = folded_product(seed ^ hash(ids[row]), root3) + root5;
    }
    return seed;
}

}  // namespace detail

// Fills table_size(ids.size) zeros. Returns the first row whose id an earlier row has too, or -1.
template <class Ids>
std::int64_t fill_table(const Ids& ids, std::uint64_t* words) {
    words[0] = detail::content_seed(ids);
    return detail::fill(ids, detail::Hash(words[0]), {words + 1, slots_for(ids.size)});
}

// The row of an id, or -1.
template <class Ids>
std::int64_t find(const Ids& ids, const Table& table, typename Ids::Key key) noexcept {
    return detail::find(ids, table.slots(), table.hash()(key), key);
}

// The rows of many ids. The slots of a block are fetched from memory at once, since waiting for
// them one by one is most of the time otherwise.
template <class Ids>
void find_all(const Ids& ids, const Table& table, const typename Ids::Key* keys, std::int64_t n,
              std::int32_t* rows) noexcept {
    constexpr std::int64_t block = 64;
    const detail::Hash hash = table.hash();
    const std::span<const Slot> slots = table.slots();
    std::uint64_t hashes[block];
    for (std::int64_t begin = 0; begin < n; begin += block) {
        const std::int64_t count = std::min(block, n - begin);
        for (std::int64_t i = 0; i < count; ++i) {
            hashes[i] = hash(keys[begin + i]);
            __builtin_prefetch(&slots[hashes[i] & (slots.size() - 1)]);
        }
        for (std::int64_t i = 0; i < count; ++i) {
            const auto row = detail::find(ids, slots, hashes[i], keys[begin + i]);
            rows[begin + i] = static_cast<std::int32_t>(row);
        }
    }
}

// Distinct integers in the order of their first appearance.
class IntegerStore {
public:
    using Key = std::int64_t;

    IntegerIds view() const noexcept {
        return {values.data(), static_cast<std::int64_t>(values.size())};
    }
    void append(Key key) { values.push_back(key); }

    std::vector<std::int64_t> values;
};

// Distinct strings in the order of their first appearance.
class StringStore {
public:
    using Key = std::string_view;

    StringIds view() const noexcept {
        return {bytes.data(), offsets.data(), static_cast<std::int64_t>(offsets.size()) - 1};
    }
    void append(Key key) {
        bytes.insert(bytes.end(), key.begin(), key.end());
        offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    }

    std::vector<char> bytes;
    std::vector<std::int64_t> offsets = {0};
};

// Gives dense codes to ids as they come.
template <class Store>
class Coder {
public:
    using Key = typename Store::Key;
    static constexpr std::size_t block = 256;

    explicit Coder(std::uint64_t seed) : hash_(seed), slots_(slots_for(0)) {}

    // Writes the code of each of at most `block` keys. The slots of the whole block are fetched
    // from memory at once, since waiting for them one by one is most of the time otherwise.
    void encode(std::span<const Key> keys, std::int32_t* codes) {
        std::uint64_t hashes[block];
        for (std::size_t i = 0; i < keys.size(); ++i) {
            hashes[i] = hash_(keys[i]);
            __builtin_prefetch(&slots_[hashes[i] & (slots_.size() - 1)]);
        }
        for (std::size_t i = 0; i < keys.size(); ++i) codes[i] = code(keys[i], hashes[i]);
    }

    Store& ids() noexcept { return store_; }

private:
    std::int32_t code(Key key, std::uint64_t hash) {
        const auto ids = store_.view();
        std::int64_t row = -1;
        detail::probe(slots_, hash, [&](Slot& slot) {
            if (slot == 0) {
                row = ids.size;
                if (row == max_ids) throw InvalidInput("there are more than 2^31 - 1 distinct ids");
                slot = detail::slot_of(hash, row);
                store_.append(key);
                return true;
            }
            const bool found = ids[detail::row_of(slot)] == key;
            if (found) row = detail::row_of(slot);
            return found;
        });
        if (row == ids.size && slots_for(row + 1) > slots_.size()) grow();
        return static_cast<std::int32_t>(row);
    }

    void grow() {
        slots_.assign(2 * slots_.size(), 0);
        detail::fill(store_.view(), hash_, std::span<Slot>(slots_));
    }

    detail::Hash hash_;
    std::vector<Slot> slots_;
    Store store_;
};

// Puts ids into increasing order (strings by bytes, which for UTF-8 is the order of code points)
// and returns for each old row its new one.
std::vector<std::int32_t> sort_ids(IntegerStore& ids);
std::vector<std::int32_t> sort_ids(StringStore& ids);

// Codes of n ids, in increasing order of the distinct ones, which go to `distinct`.
template <class Store>
void factorize(const typename Store::Key* keys, std::int64_t n, std::uint64_t seed,
               std::int32_t* codes, Store& distinct) {
    constexpr std::int64_t block = Coder<Store>::block;
    Coder<Store> coder(seed);
    for (std::int64_t begin = 0; begin < n; begin += block) {
        const auto count = static_cast<std::size_t>(std::min(block, n - begin));
        coder.encode({keys + begin, count}, codes + begin);
    }
    distinct = std::move(coder.ids());
    const auto ranks = sort_ids(distinct);
    for (std::int64_t i = 0; i < n; ++i) codes[i] = ranks[static_cast<std::size_t>(codes[i])];
}

}  // namespace pyrec
