// Numbers and times written as text. Every function returns whether the whole text is one.
#pragma once

#include <cstdint>
#include <string_view>

namespace pyrec {

// An integer as a program writes it: no plus, no leading zeros, no spaces, within 64 bits. Only of
// such text it is certain that the integer is the same id.
bool parse_canonical_integer(std::string_view text, std::int64_t& value) noexcept;

// An integer that went through a floating-point column, such as "17850.0".
bool parse_integral_float(std::string_view text, std::int64_t& value) noexcept;

bool parse_integer(std::string_view text, std::int64_t& value) noexcept;
bool parse_real(std::string_view text, double& value) noexcept;

// A time in microseconds since 1970-01-01. `zoned` tells whether the text named its offset from
// UTC, in which case the offset has been taken off; else the time is a local one.
struct Moment {
    std::int64_t microseconds = 0;
    bool zoned = false;
};

// ISO 8601: a date, or a date and a time; "/" for "-" and " " for "T" are let through.
bool parse_iso_time(std::string_view text, Moment& moment) noexcept;

// With the directives of strptime: %Y %y %m %d %b %B %H %I %p %M %S %f %z %%.
bool parse_time(std::string_view text, std::string_view format, Moment& moment) noexcept;

}  // namespace pyrec
