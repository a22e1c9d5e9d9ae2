#include "text.hpp"

#include <charconv>
#include <chrono>

namespace pyrec {

namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

template <class T>
bool parse_whole(std::string_view text, T& value) noexcept {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && stop == end;
}

// The fields of a time, and a place in the text from which they are read. Every step returns
// whether it succeeded.
class TimeReader {
public:
    explicit TimeReader(std::string_view text) noexcept : text_(text) {}

    bool at_end() const noexcept { return text_.empty(); }
    char next() const noexcept { return text_.empty() ? '\0' : text_.front(); }

    bool literal(char c) noexcept {
        if (next() != c || text_.empty()) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool either(char a, char b) noexcept { return literal(a) || literal(b); }

    bool digits(std::size_t least, std::size_t most, int& value) noexcept {
        std::size_t n = 0;
        value = 0;
        while (n < most && n < text_.size() && is_digit(text_[n])) {
            value = 10 * value + (text_[n++] - '0');
        }
        text_.remove_prefix(n);
        return n >= least;
    }

    bool year() noexcept { return digits(4, 4, year_); }
    bool short_year() noexcept {
        const bool good = digits(2, 2, year_);
        year_ += year_ < 69 ? 2000 : 1900;  // the rule of POSIX
        return good;
    }
    bool month() noexcept { return digits(1, 2, month_); }
    bool day() noexcept { return digits(1, 2, day_); }
    bool hour() noexcept { return digits(1, 2, hour_) && hour_ < 24; }
    bool minute() noexcept { return digits(1, 2, minute_) && minute_ < 60; }
    bool second() noexcept { return digits(1, 2, second_) && second_ <= 60; }  // 60: leap seconds

    bool fraction() noexcept {
        std::size_t n = 0;
        int scale = 100000;
        for (; n < text_.size() && is_digit(text_[n]); ++n, scale /= 10) {
            microsecond_ += (text_[n] - '0') * scale;
        }
        text_.remove_prefix(n);
        return n > 0;
    }

    bool month_name() noexcept {
        static constexpr std::string_view names[] = {
            "january", "february", "march",     "april",   "may",      "june",
            "july",    "august",   "september", "october", "november", "december"};
        for (int i = 0; i < 12; ++i) {
            if (word(names[i]) || word(names[i].substr(0, 3))) {
                month_ = i + 1;
                return true;
            }
        }
        return false;
    }

    bool half_of_day() noexcept {
        const bool afternoon = word("pm");
        if (!afternoon && !word("am")) return false;
        if (hour_ < 1 || hour_ > 12) return false;
        hour_ = hour_ % 12 + (afternoon ? 12 : 0);
        return true;
    }

    bool zone() noexcept {
        zoned_ = true;
        if (either('Z', 'z')) return true;
        const char sign = next();
        int hours = 0, minutes = 0;
        if (!either('+', '-') || !digits(2, 2, hours)) return false;
        literal(':');
        if (!at_end() && !digits(2, 2, minutes)) return false;
        offset_ = (sign == '-' ? -1 : 1) * (60 * hours + minutes);
        return minutes < 60;
    }

    bool finish(Moment& moment) const noexcept {
        using namespace std::chrono;
        const year_month_day date{std::chrono::year{year_},
                                  std::chrono::month{static_cast<unsigned>(month_)},
                                  std::chrono::day{static_cast<unsigned>(day_)}};
        if (!at_end() || !date.ok()) return false;
        const auto time = sys_days{date}.time_since_epoch() + hours{hour_} +
                          minutes{minute_ - offset_} + seconds{second_} +
                          microseconds{microsecond_};
        moment = {duration_cast<microseconds>(time).count(), zoned_};
        return true;
    }

private:
    bool word(std::string_view name) noexcept {
        if (text_.size() < name.size()) return false;
        for (std::size_t i = 0; i < name.size(); ++i) {
            if (lower(text_[i]) != name[i]) return false;
        }
        text_.remove_prefix(name.size());
        return true;
    }

    std::string_view text_;
    int year_ = 1970, month_ = 1, day_ = 1, hour_ = 0, minute_ = 0, second_ = 0, microsecond_ = 0;
    int offset_ = 0;  // minutes east of Greenwich
    bool zoned_ = false;
};

bool read_directive(TimeReader& reader, char directive) noexcept {
    switch (directive) {
        case 'Y':
            return reader.year();
        case 'y':
            return reader.short_year();
        case 'm':
            return reader.month();
        case 'd':
            return reader.day();
        case 'b':
        case 'B':
            return reader.month_name();
        case 'H':
        case 'I':
            return reader.hour();
        case 'p':
            return reader.half_of_day();
        case 'M':
            return reader.minute();
        case 'S':
            return reader.second();
        case 'f':
            return reader.fraction();
        case 'z':
            return reader.zone();
        default:
            return reader.literal(directive);
    }
}

}  // namespace

bool parse_canonical_integer(std::string_view text, std::int64_t& value) noexcept {
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || !is_digit(digits.front())) return false;
    if (digits.front() == '0' && text.size() > 1) return false;  // "007", "-0"
    return parse_whole(text, value);
}

bool parse_integral_float(std::string_view text, std::int64_t& value) noexcept {
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos || point + 1 == text.size()) return false;
    if (text.find_first_not_of('0', point + 1) != std::string_view::npos) return false;
    return parse_canonical_integer(text.substr(0, point), value);
}

bool parse_integer(std::string_view text, std::int64_t& value) noexcept {
    text = trimmed(text);
    if (text.starts_with('+')) text.remove_prefix(1);
    return parse_whole(text, value);
}

bool parse_real(std::string_view text, double& value) noexcept {
    text = trimmed(text);
    if (text.starts_with('+')) text.remove_prefix(1);
    return parse_whole(text, value);
}

bool parse_iso_time(std::string_view text, Moment& moment) noexcept {
    TimeReader reader(trimmed(text));
    if (!reader.year() || !reader.either('-', '/') || !reader.month() || !reader.either('-', '/') ||
        !reader.day()) {
        return false;
    }
    if (reader.either('T', ' ')) {
        if (!reader.hour() || !reader.literal(':') || !reader.minute()) return false;
        if (reader.literal(':') && !reader.second()) return false;
        if (reader.either('.', ',') && !reader.fraction()) return false;
        reader.literal(' ');
        if (!reader.at_end() && !reader.zone()) return false;
    }
    return reader.finish(moment);
}

bool parse_time(std::string_view text, std::string_view format, Moment& moment) noexcept {
    TimeReader reader(trimmed(text));
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%') {
            if (!reader.literal(format[i])) return false;
        } else if (++i == format.size() || !read_directive(reader, format[i])) {
            return false;
        }
    }
    return reader.finish(moment);
}

}  // namespace pyrec
