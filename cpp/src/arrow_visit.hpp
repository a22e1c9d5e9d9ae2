// Visits the values of an Arrow array, whatever its type, as integers, reals or text.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "arrow_abi.hpp"
#include "pyrec/errors.hpp"

namespace pyrec::detail {

inline bool bit(const void* bits, std::int64_t i) noexcept {
    return (static_cast<const std::uint8_t*>(bits)[i >> 3] >> (i & 7) & 1) != 0;
}

inline bool is_valid(const ArrowArray& array, std::int64_t i) noexcept {
    return array.n_buffers == 0 || array.buffers[0] == nullptr || bit(array.buffers[0], i);
}

template <class T>
const T* buffer(const ArrowArray& array, int number) noexcept {
    return static_cast<const T*>(array.buffers[number]);
}

// Calls visitor(value_at(i)) for the values there are and visitor.skip() for the others.
template <class Visitor, class ValueAt>
void visit_valid(const ArrowArray& array, std::int64_t begin, std::int64_t count, Visitor& visitor,
                 ValueAt&& value_at) {
    const std::int64_t first = array.offset + begin;
    for (std::int64_t i = first; i < first + count; ++i) {
        if (is_valid(array, i)) {
            visitor(value_at(i));
        } else {
            visitor.skip();
        }
    }
}

template <class T>
std::int64_t as_integer(T value) {
    if constexpr (sizeof(T) == 8 && std::is_unsigned_v<T>) {
        if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max())) {
            throw InvalidInput(std::to_string(value) + " does not fit 64 bits with a sign");
        }
    }
    return static_cast<std::int64_t>(value);
}

template <class T, class Visitor>
void visit_integers(const ArrowArray& array, std::int64_t begin, std::int64_t count,
                    Visitor& visitor) {
    const T* values = buffer<T>(array, 1);
    visit_valid(array, begin, count, visitor,
                [values](std::int64_t i) { return as_integer(values[i]); });
}

template <class T, class Visitor>
void visit_reals(const ArrowArray& array, std::int64_t begin, std::int64_t count,
                 Visitor& visitor) {
    const T* values = buffer<T>(array, 1);
    visit_valid(array, begin, count, visitor,
                [values](std::int64_t i) { return static_cast<double>(values[i]); });
}

template <class Offset, class Visitor>
void visit_strings(const ArrowArray& array, std::int64_t begin, std::int64_t count,
                   Visitor& visitor) {
    const Offset* offsets = buffer<Offset>(array, 1);
    const char* bytes = buffer<char>(array, 2);
    visit_valid(array, begin, count, visitor, [=](std::int64_t i) {
        return std::string_view(bytes + offsets[i],
                                static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
    });
}

// A view is 16 bytes: the length, then up to 12 bytes of text, or 4 of its bytes, the number of the
// buffer that has the whole text, and where in it.
template <class Visitor>
void visit_string_views(const ArrowArray& array, std::int64_t begin, std::int64_t count,
                        Visitor& visitor) {
    const char* views = buffer<char>(array, 1);
    visit_valid(array, begin, count, visitor, [&array, views](std::int64_t i) {
        const char* view = views + 16 * i;
        std::int32_t fields[4];
        std::memcpy(fields, view, sizeof fields);
        const char* text =
            fields[0] <= 12 ? view + 4 : buffer<char>(array, 2 + fields[2]) + fields[3];
        return std::string_view(text, static_cast<std::size_t>(fields[0]));
    });
}

// Returns whether the type is one that can be visited.
template <class Visitor>
bool visit(const ArrowSchema& type, const ArrowArray& array, std::int64_t begin, std::int64_t count,
           Visitor& visitor) {
    const std::string_view format = type.format;
    const auto visit_with = [&](auto function) {
        function(array, begin, count, visitor);
        return true;
    };
    if (format == "vu") return visit_with(visit_string_views<Visitor>);
    if (format.size() != 1) return false;
    switch (format[0]) {
        case 'n':
            for (std::int64_t i = 0; i < count; ++i) visitor.skip();
            return true;
        case 'b': {
            const void* bits = array.buffers[1];
            visit_valid(array, begin, count, visitor,
                        [bits](std::int64_t i) { return static_cast<std::int64_t>(bit(bits, i)); });
            return true;
        }
        case 'c':
            return visit_with(visit_integers<std::int8_t, Visitor>);
        case 'C':
            return visit_with(visit_integers<std::uint8_t, Visitor>);
        case 's':
            return visit_with(visit_integers<std::int16_t, Visitor>);
        case 'S':
            return visit_with(visit_integers<std::uint16_t, Visitor>);
        case 'i':
            return visit_with(visit_integers<std::int32_t, Visitor>);
        case 'I':
            return visit_with(visit_integers<std::uint32_t, Visitor>);
        case 'l':
            return visit_with(visit_integers<std::int64_t, Visitor>);
        case 'L':
            return visit_with(visit_integers<std::uint64_t, Visitor>);
        case 'f':
            return visit_with(visit_reals<float, Visitor>);
        case 'g':
            return visit_with(visit_reals<double, Visitor>);
        case 'u':
            return visit_with(visit_strings<std::int32_t, Visitor>);
        case 'U':
            return visit_with(visit_strings<std::int64_t, Visitor>);
        default:
            return false;
    }
}

}  // namespace pyrec::detail
