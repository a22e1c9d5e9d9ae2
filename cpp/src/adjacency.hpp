// Lists of neighbours as text: on each line a user and then items, all of them integers.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace pyrec {

// Line by line: the user, and where its items begin among the items of all lines.
struct Adjacency {
    std::vector<std::int64_t> users;
    std::vector<std::int64_t> offsets = {0};
    std::vector<std::int64_t> items;
};

// Blank lines are passed over. Throws InvalidInput that names the line if a word is not an integer.
Adjacency parse_adjacency(std::string_view text);

}  // namespace pyrec
