#include "id_table.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "check.hpp"

namespace {

pyrec::StringStore strings_of(const std::vector<std::string>& texts) {
    pyrec::StringStore store;
    for (const std::string& text : texts) store.append(text);
    return store;
}

template <class Ids>
std::vector<std::uint64_t> table_of(const Ids& ids, std::int64_t& repeated) {
    std::vector<std::uint64_t> words(static_cast<std::size_t>(pyrec::table_size(ids.size)));
    repeated = pyrec::fill_table(ids, words.data());
    return words;
}

pyrec::Table view(const std::vector<std::uint64_t>& words) {
    return {words.data(), static_cast<std::int64_t>(words.size())};
}

}  // namespace

TEST(every_length_of_string_is_found) {
    std::vector<std::string> texts;
    for (std::size_t n = 0; n < 70; ++n) texts.push_back(std::string(n, 'x'));
    for (std::size_t n = 1; n < 70; ++n) texts.push_back(std::string(n - 1, 'x') + 'y');
    const auto store = strings_of(texts);
    std::int64_t repeated = 0;
    const auto words = table_of(store.view(), repeated);
    CHECK(repeated == -1);
    for (std::size_t row = 0; row < texts.size(); ++row) {
        CHECK(pyrec::find(store.view(), view(words), texts[row]) == static_cast<std::int64_t>(row));
    }
    CHECK(pyrec::find(store.view(), view(words), std::string(70, 'x')) == -1);
}

TEST(a_repeated_id_is_reported_with_its_row) {
    const auto store = strings_of({"a", "b", "a", "b"});
    std::int64_t repeated = 0;
    table_of(store.view(), repeated);
    CHECK(repeated == 2);
}

TEST(codes_follow_the_order_of_the_ids) {
    const std::vector<std::int64_t> keys = {5, -7, 5, 0, 9223372036854775807};
    std::vector<std::int32_t> codes(keys.size());
    pyrec::IntegerStore distinct;
    pyrec::factorize(keys.data(), static_cast<std::int64_t>(keys.size()), 1, codes.data(),
                     distinct);
    CHECK((distinct.values == std::vector<std::int64_t>{-7, 0, 5, 9223372036854775807}));
    CHECK((codes == std::vector<std::int32_t>{2, 0, 2, 1, 3}));
}

TEST(strings_are_sorted_by_bytes_beyond_what_they_have_in_common) {
    auto store = strings_of({"user10", "user", "user1", "user2", "user1\x7f", "user\xc3\xa9",
                             "user100000000000002", "user100000000000001"});
    const auto view_before = store;
    const auto ranks = pyrec::sort_ids(store);
    const auto sorted = store.view();
    for (std::int64_t row = 1; row < sorted.size; ++row) CHECK(sorted[row - 1] < sorted[row]);
    for (std::int64_t row = 0; row < sorted.size; ++row) {
        CHECK(view_before.view()[row] == sorted[ranks[static_cast<std::size_t>(row)]]);
    }
}

TEST(a_coder_grows_and_no_seed_changes_a_result) {
    std::vector<std::int64_t> keys;
    for (std::int64_t i = 0; i < 100000; ++i) keys.push_back((i * 7919) % 30011 * (1LL << 33));
    std::vector<std::int32_t> first(keys.size()), second(keys.size());
    pyrec::IntegerStore a, b;
    pyrec::factorize(keys.data(), static_cast<std::int64_t>(keys.size()), 1, first.data(), a);
    pyrec::factorize(keys.data(), static_cast<std::int64_t>(keys.size()), 2, second.data(), b);
    CHECK(a.values.size() == 30011);
    CHECK(a.values == b.values);
    CHECK(first == second);
}

TEST(hashes_of_near_keys_differ_in_both_halves) {
    const pyrec::detail::Hash hash(42);
    std::vector<std::uint64_t> low, high;
    for (std::int64_t key = 0; key < 4096; ++key) {
        low.push_back(hash(key) & 0xffff);
        high.push_back(hash(key) >> 48);
    }
    for (auto* bits : {&low, &high}) {
        std::sort(bits->begin(), bits->end());
        const auto distinct = std::unique(bits->begin(), bits->end()) - bits->begin();
        CHECK(distinct > 3850);  // 3970 expected of 4096 throws into 65536 boxes
    }
}
