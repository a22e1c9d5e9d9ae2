#include "arrow_columns.hpp"

#include <cmath>

#include "arrow_visit.hpp"
#include "pyrec/parallel.hpp"

namespace pyrec {

namespace {

std::string quoted(std::string_view text) {
    constexpr std::size_t most = 40;
    std::string quoted(1, '\'');
    quoted.append(text.substr(0, most)).append(text.size() > most ? "...'" : "'");
    return quoted;
}

[[noreturn]] void fail(std::int64_t row, const std::string& what) {
    throw InvalidInput("row " + std::to_string(row + 1) + ": " + what);
}

std::string described(const ArrowSchema& type) {
    const std::string_view format = type.format;
    if (format == "b") return "truth values";
    if (format.starts_with("d:")) return "decimals";
    if (format.starts_with("+l") || format.starts_with("+L")) return "lists";
    if (format.starts_with("+s")) return "structs";
    if (format.starts_with("t")) return "times";
    return "the Arrow type '" + std::string(format) + "'";
}

// Rows of a dictionary-encoded array, as indices into its dictionary.
struct Indices {
    std::vector<std::int64_t> values;
    void operator()(std::int64_t index) { values.push_back(index); }
    void operator()(double) {}
    void operator()(std::string_view) {}
    void skip() { values.push_back(-1); }
};

Indices indices_of(const ArrowSchema& type, const ArrowArray& array, std::int64_t begin,
                   std::int64_t count) {
    Indices indices;
    indices.values.reserve(static_cast<std::size_t>(count));
    detail::visit(type, array, begin, count, indices);
    return indices;
}

}  // namespace

// Collects ids of one type into a block, and has the block encoded when it is full.
class IdColumn::Visitor {
public:
    explicit Visitor(IdColumn& column) : column_(column), codes_(column.codes) {}
    ~Visitor() = default;

    void operator()(std::int64_t id) {
        positions_[size_] = codes_.size();
        integers_[size_++] = id;
        codes_.push_back(-1);
        if (size_ == block) flush();
    }
    void operator()(double id) {
        if (std::isnan(id)) return skip();
        if (id != std::floor(id) || std::fabs(id) > 9007199254740992.0) {
            fail(static_cast<std::int64_t>(codes_.size()),
                 std::to_string(id) + " is not an id; ids are whole numbers or strings");
        }
        ++column_.converted;
        (*this)(static_cast<std::int64_t>(id));
    }
    void operator()(std::string_view id) {
        if (id.empty()) return skip();
        positions_[size_] = codes_.size();
        strings_[size_++] = id;
        codes_.push_back(-1);
        if (size_ == block) flush();
    }
    void skip() {
        codes_.push_back(-1);
        ++column_.missing;
    }
    void flush() {
        std::int32_t found[block];
        if (column_.is_integer) {
            column_.integers_.encode({integers_, size_}, found);
        } else {
            column_.strings_.encode({strings_, size_}, found);
        }
        for (std::size_t i = 0; i < size_; ++i) codes_[positions_[i]] = found[i];
        size_ = 0;
    }

private:
    static constexpr std::size_t block = Coder<StringStore>::block;

    IdColumn& column_;
    std::vector<std::int32_t>& codes_;
    std::size_t size_ = 0;
    std::size_t positions_[block];
    std::int64_t integers_[block];
    std::string_view strings_[block];
};

void IdColumn::read(const ArrowSchema& type, const ArrowArray& array, std::int64_t begin,
                    std::int64_t count) {
    if (type.dictionary != nullptr) return read_dictionary(type, array, begin, count);
    const std::string_view format = type.format;
    if (format == "b") throw InvalidInput("holds truth values; ids are integers or strings");
    const bool are_strings = format == "u" || format == "U" || format == "vu";
    if (format != "n") is_integer = !are_strings;
    Visitor visitor(*this);
    if (!detail::visit(type, array, begin, count, visitor)) {
        throw InvalidInput("holds " + described(type) +
                           "; ids are integers or strings: convert it");
    }
    visitor.flush();
}

void IdColumn::read_dictionary(const ArrowSchema& type, const ArrowArray& array, std::int64_t begin,
                               std::int64_t count) {
    const ArrowArray& dictionary = *array.dictionary;
    // The caller keeps the batch before this one, so equal addresses mean the same dictionary.
    const std::vector<const void*> identity(dictionary.buffers,
                                            dictionary.buffers + dictionary.n_buffers);
    constexpr std::int32_t unseen = -2;
    if (identity != dictionary_ ||
        dictionary_codes_.size() != static_cast<std::size_t>(dictionary.length)) {
        dictionary_ = identity;
        dictionary_codes_.assign(static_cast<std::size_t>(dictionary.length), unseen);
    }
    for (const std::int64_t index : indices_of(type, array, begin, count).values) {
        if (index < 0) {
            codes.push_back(-1);
            ++missing;
            continue;
        }
        // Only entries that occur become ids: a dictionary may hold values that no row has.
        std::int32_t& code = dictionary_codes_[static_cast<std::size_t>(index)];
        if (code != unseen) {
            codes.push_back(code);
            missing += code < 0;
        } else {
            read(*type.dictionary, dictionary, index, 1);
            code = codes.back();
        }
    }
}

void IdColumn::finish() {
    const std::vector<std::int32_t> numbers =
        as_text_ ? text_as_integers() : std::vector<std::int32_t>{};
    if (!is_integer) {
        strings = std::move(strings_.ids());
        recode(sort_ids(strings));
        return;
    }
    integers = std::move(integers_.ids());
    std::vector<std::int32_t> ranks = sort_ids(integers);
    if (numbers.empty()) return recode(ranks);
    std::vector<std::int32_t> both;
    both.reserve(numbers.size());
    for (const std::int32_t code : numbers) both.push_back(ranks[static_cast<std::size_t>(code)]);
    recode(both);
}

// For each string the code of the integer that it is, or nothing if one is not an integer.
std::vector<std::int32_t> IdColumn::text_as_integers() {
    const StringIds text = strings_.ids().view();
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(text.size));
    std::int64_t floats = 0;
    for (std::int64_t row = 0; row < text.size; ++row) {
        std::int64_t id = 0;
        if (!parse_canonical_integer(text[row], id)) {
            if (!parse_integral_float(text[row], id)) return {};
            ++floats;
        }
        // "17850" and "17850.0" are one id from here on.
        integers_.encode({&id, 1}, &numbers[static_cast<std::size_t>(row)]);
    }
    is_integer = true;
    converted = floats;
    return numbers;
}

void IdColumn::recode(std::span<const std::int32_t> new_codes) {
    for (std::int32_t& code : codes) {
        if (code >= 0) code = new_codes[static_cast<std::size_t>(code)];
    }
}

void NumberColumn::add(std::int64_t value) {
    if (is_real) {
        reals.push_back(static_cast<double>(value));
    } else {
        integers.push_back(value);
    }
}

void NumberColumn::add(double value) {
    if (!is_real) {
        is_real = true;
        reals.assign(integers.begin(), integers.end());
        integers = {};
    }
    reals.push_back(value);
}

void NumberColumn::add_missing() {
    missing.push_back(size());
    add(std::int64_t{0});
}

bool NumberColumn::add_number(std::string_view text) {
    std::int64_t integer = 0;
    double real = 0;
    if (parse_integer(text, integer)) {
        add(integer);
    } else if (parse_real(text, real)) {
        add(real);
    } else {
        return false;
    }
    return true;
}

void NumberColumn::add(std::string_view text) {
    if (!add_number(text)) fail(size(), quoted(text) + " is not a number");
}

namespace {

struct NumberVisitor {
    NumberColumn& column;
    void operator()(std::int64_t value) { column.add(value); }
    void operator()(double value) { column.add(value); }
    void operator()(std::string_view text) {
        if (text.empty()) {
            column.add_missing();
        } else {
            column.add(text);
        }
    }
    void skip() { column.add_missing(); }
};

// Numbers that are to be read as text: 20150501 with the format %Y%m%d.
struct AsTextVisitor {
    NumberColumn& column;
    void operator()(std::int64_t value) { column.add(std::string_view(std::to_string(value))); }
    void operator()(double value) { (*this)(static_cast<std::int64_t>(value)); }
    void operator()(std::string_view text) { column.add(text); }
    void skip() { column.add_missing(); }
};

// Times of a unit that is not the microsecond, rounded down.
struct ScalingVisitor {
    NumberColumn& column;
    std::int64_t multiplier;
    std::int64_t divisor;
    void operator()(std::int64_t value) {
        std::int64_t scaled = 0;
        if (__builtin_mul_overflow(value, multiplier, &scaled)) {
            fail(column.size(), "the time does not fit 64 bits of microseconds");
        }
        column.add(scaled / divisor - (scaled % divisor < 0));
    }
    void operator()(double) {}
    void operator()(std::string_view) {}
    void skip() { column.add_missing(); }
};

}  // namespace

void NumberColumn::read(const ArrowSchema& type, const ArrowArray& array, std::int64_t begin,
                        std::int64_t count) {
    NumberVisitor visitor{*this};
    if (type.dictionary != nullptr) {
        for (const std::int64_t index : indices_of(type, array, begin, count).values) {
            if (index < 0) {
                add_missing();
            } else {
                detail::visit(*type.dictionary, *array.dictionary, index, 1, visitor);
            }
        }
    } else if (!detail::visit(type, array, begin, count, visitor)) {
        throw InvalidInput("holds " + described(type) + ", not numbers");
    }
}

void TimeColumn::mean(Meaning now, std::int64_t row) {
    if (meaning == Meaning::unknown) meaning = now;
    if (meaning != now) {
        fail(row, "times are of several kinds (numbers, text with and without an offset)");
    }
}

void TimeColumn::read(const ArrowSchema& type, const ArrowArray& array, std::int64_t begin,
                      std::int64_t count) {
    const std::string_view format = type.format;
    const auto scaled = [&](const char* storage, std::int64_t multiplier, std::int64_t divisor) {
        ArrowSchema plain = type;
        plain.format = storage;
        ScalingVisitor visitor{*this, multiplier, divisor};
        detail::visit(plain, array, begin, count, visitor);
    };
    if (format.starts_with("ts") && format.size() >= 4) {
        mean(format.size() > 4 ? Meaning::utc_time : Meaning::local_time, size());
        switch (format[2]) {
            case 's':
                return scaled("l", 1000000, 1);
            case 'm':
                return scaled("l", 1000, 1);
            case 'u':
                return scaled("l", 1, 1);
            default:
                return scaled("l", 1, 1000);
        }
    }
    if (format == "tdD" || format == "tdm") {
        mean(Meaning::local_time, size());
        return format == "tdD" ? scaled("i", 86400000000, 1) : scaled("l", 1000, 1);
    }
    if (format == "b") throw InvalidInput("holds truth values; times are numbers or text");
    const bool are_numbers = format.size() == 1 && type.dictionary == nullptr &&
                             std::string_view("cCsSiIlLfg").find(format) != std::string_view::npos;
    if (are_numbers && !format_.empty()) {
        AsTextVisitor visitor{*this};
        detail::visit(type, array, begin, count, visitor);
        return;
    }
    if (are_numbers) mean(Meaning::number, size());
    NumberColumn::read(type, array, begin, count);
}

void TimeColumn::add(std::string_view text) {
    const std::int64_t row = size();
    Moment moment;
    const bool is_time =
        format_.empty() ? parse_iso_time(text, moment) : parse_time(text, format_, moment);
    if (is_time) {
        mean(moment.zoned ? Meaning::utc_time : Meaning::local_time, row);
        NumberColumn::add(moment.microseconds);
    } else if (format_.empty() && add_number(text)) {
        mean(Meaning::number, row);
    } else {
        const std::string expected = format_.empty()
                                         ? "a time (ISO 8601 or a number); name timestamp_format="
                                         : "a time of the format '" + format_ + "'";
        fail(row, quoted(text) + " is not " + expected);
    }
}

void read_batch(const ArrowSchema& type, const ArrowArray& batch,
                const std::vector<Column*>& columns, const std::vector<std::int64_t>& positions,
                int threads) {
    // A thread costs tens of microseconds: below this many rows it is not worth it.
    constexpr std::int64_t few = 20000;
    parallel_for(
        static_cast<std::int64_t>(columns.size()), 1, {batch.length < few ? 1 : threads, {}},
        [&](std::int64_t begin, std::int64_t end, int) {
            for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
                const ArrowSchema& child = *type.children[positions[i]];
                try {
                    columns[i]->read(child, *batch.children[positions[i]], batch.offset,
                                     batch.length);
                } catch (const InvalidInput& error) {
                    throw InvalidInput("column '" + std::string(child.name) + "': " + error.what());
                }
            }
        });
}

}  // namespace pyrec
