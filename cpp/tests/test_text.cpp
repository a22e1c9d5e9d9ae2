#include "text.hpp"

#include "check.hpp"

namespace {

bool canonical(std::string_view text) {
    std::int64_t value = 0;
    return pyrec::parse_canonical_integer(text, value);
}

bool integral(std::string_view text, std::int64_t expected) {
    std::int64_t value = 0;
    return pyrec::parse_integral_float(text, value) && value == expected;
}

// Microseconds of a time, or -1.
std::int64_t iso(std::string_view text, bool zoned = false) {
    pyrec::Moment moment;
    return pyrec::parse_iso_time(text, moment) && moment.zoned == zoned ? moment.microseconds : -1;
}

std::int64_t parsed(std::string_view text, std::string_view format) {
    pyrec::Moment moment;
    return pyrec::parse_time(text, format, moment) ? moment.microseconds : -1;
}

constexpr std::int64_t second = 1000000, day = 86400 * second;

}  // namespace

TEST(only_canonical_integers_are_surely_the_same_id) {
    CHECK(canonical("0") && canonical("-7") && canonical("9223372036854775807"));
    for (const auto* text : {"", "-", "007", "-0", "+7", " 7", "7 ", "7.0", "1e3", "a", "0x1",
                             "9223372036854775808"}) {
        CHECK(!canonical(text));
    }
}

TEST(integral_floats_are_told_from_others) {
    CHECK(integral("17850.0", 17850) && integral("-3.00", -3) && integral("0.0", 0));
    for (const auto* text : {"17850.", "17850", "1.5", "07.0", ".0", "1e3", "-0.0", "1.0.0"}) {
        std::int64_t value = 0;
        CHECK(!pyrec::parse_integral_float(text, value));
    }
}

TEST(numbers_may_have_a_plus_and_spaces_around) {
    std::int64_t integer = 0;
    double real = 0;
    CHECK(pyrec::parse_integer(" +12 ", integer) && integer == 12);
    CHECK(pyrec::parse_real("-1.25e2", real) && real == -125);
    CHECK(!pyrec::parse_real("1,5", real) && !pyrec::parse_real("", real));
    CHECK(!pyrec::parse_integer("1.0", integer));
}

TEST(iso_times) {
    CHECK(iso("1970-01-02") == day);
    CHECK(iso("1970/1/2 00:00") == day);
    CHECK(iso("1970-01-01T00:00:01.5") == 3 * second / 2);
    CHECK(iso("1970-01-01 00:00:00,123456789") == 123456);
    CHECK(iso("1969-12-31T23:59:59") == -second);
    CHECK(iso("2024-02-29T12:34:56") == 1709210096 * second);
    CHECK(iso("1970-01-01T02:00:00+02:00", true) == 0);
    CHECK(iso("1970-01-01T00:00:00Z", true) == 0);
    CHECK(iso("1969-12-31 19:30:00-0430", true) == 0);
    CHECK(iso("1969-12-31 19:30:00 -04:30", true) == 0);
    CHECK(iso("2016-12-31T23:59:60Z", true) == 1483228800 * second);
}

TEST(what_is_no_iso_time_is_refused) {
    for (const auto* text : {"", "1970", "1970-01", "1970-13-01", "2023-02-29", "1970-01-01T",
                             "1970-01-01T25:00", "1970-01-01T10:61", "01.02.1970", "1970-01-01x",
                             "1970-01-01T10:00 Europe/Berlin", "70-01-01", "1430622011"}) {
        CHECK(iso(text) == -1 && iso(text, true) == -1);
    }
}

TEST(formats) {
    CHECK(parsed("02/01/1970 01:00", "%d/%m/%Y %H:%M") == day + 3600 * second);
    CHECK(parsed("19700102", "%Y%m%d") == day);
    CHECK(parsed("02-Jan-1970", "%d-%b-%Y") == day);
    CHECK(parsed("January 2, 1970", "%B %d, %Y") == day);
    CHECK(parsed("1/2/70 12:30 AM", "%m/%d/%y %I:%M %p") == day + 1800 * second);
    CHECK(parsed("1/2/70 1:00:00.25 pm", "%m/%d/%y %I:%M:%S.%f %p") ==
          day + 13 * 3600 * second + second / 4);
    CHECK(parsed("1970-01-02 00:00 +0100 100%", "%Y-%m-%d %H:%M %z 100%%") == day - 3600 * second);
    CHECK(parsed("1970-01-02", "%Y-%m-%d %H") == -1);
    CHECK(parsed("1970-01-02 x", "%Y-%m-%d") == -1);
    CHECK(parsed("31/02/1970", "%d/%m/%Y") == -1);
    CHECK(parsed("13 AM", "%I %p") == -1);
}
