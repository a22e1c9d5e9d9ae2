#include "adjacency.hpp"

#include "check.hpp"
#include "pyrec/errors.hpp"

namespace {

using Numbers = std::vector<std::int64_t>;

std::string message_of(std::string_view text) {
    try {
        pyrec::parse_adjacency(text);
    } catch (const pyrec::InvalidInput& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST(lines_of_users_and_items) {
    const auto lists = pyrec::parse_adjacency("7 1 2\r\n\n3\n-4\t5 ");
    CHECK((lists.users == Numbers{7, 3, -4}));
    CHECK((lists.offsets == Numbers{0, 2, 2, 3}));
    CHECK((lists.items == Numbers{1, 2, 5}));
}

TEST(nothing_is_no_lines) {
    CHECK((pyrec::parse_adjacency("").offsets == Numbers{0}));
    CHECK(pyrec::parse_adjacency(" \n \n").users.empty());
}

TEST(a_word_that_is_no_integer_is_named_with_its_line) {
    CHECK(message_of("1 2\n3 x4 5\n") == "line 2: 'x4' is not an integer");
    CHECK(message_of("1 2,3") == "line 1: '2,3' is not an integer");
    CHECK(message_of("1 9223372036854775808").find("9223372036854775808") != std::string::npos);
}
