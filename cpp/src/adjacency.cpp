#include "adjacency.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "pyrec/errors.hpp"

namespace pyrec {

namespace {

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

[[noreturn]] void refuse(const char* at, const char* end, std::int64_t line) {
    const char* stop = std::find_if(at, end, [](char c) { return is_space(c) || c == '\n'; });
    std::string word(at, std::min(stop, at + 40));
    throw InvalidInput("line " + std::to_string(line) + ": '" + word + "' is not an integer");
}

}  // namespace

Adjacency parse_adjacency(std::string_view text) {
    Adjacency lists;
    const char* at = text.data();
    const char* const end = at + text.size();
    bool at_user = true;
    for (std::int64_t line = 1; at != end;) {
        if (is_space(*at)) {
            ++at;
        } else if (*at == '\n') {
            if (!at_user) lists.offsets.push_back(static_cast<std::int64_t>(lists.items.size()));
            at_user = true;
            ++line;
            ++at;
        } else {
            std::int64_t id = 0;
            const auto [stop, error] = std::from_chars(at, end, id);
            // 007 may be the name of somebody else than 7.
            const char* const digits = *at == '-' ? at + 1 : at;
            const bool padded = *digits == '0' && stop != at + 1;
            if (error != std::errc{} || padded ||
                (stop != end && *stop != '\n' && !is_space(*stop))) {
                refuse(at, end, line);
            }
            (at_user ? lists.users : lists.items).push_back(id);
            at_user = false;
            at = stop;
        }
    }
    if (!at_user) lists.offsets.push_back(static_cast<std::int64_t>(lists.items.size()));
    return lists;
}

}  // namespace pyrec
