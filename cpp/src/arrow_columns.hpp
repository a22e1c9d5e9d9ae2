// Columns of an Arrow stream, collected batch by batch: ids as dense codes, numbers, times.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow_abi.hpp"
#include "id_table.hpp"
#include "text.hpp"

namespace pyrec {

// One column. read() takes `count` values from `begin` on, and throws InvalidInput that names the
// row if one cannot be what the column is for.
class Column {
public:
    Column() = default;
    virtual ~Column() = default;
    Column(const Column&) = delete;
    Column& operator=(const Column&) = delete;

    virtual void read(const ArrowSchema& type, const ArrowArray& array, std::int64_t begin,
                      std::int64_t count) = 0;
};

// Ids as codes. The distinct ids are integers or strings, in increasing order after finish().
class IdColumn final : public Column {
public:
    // `as_text`: strings are the text of a file, and integers if every one of them reads as one.
    IdColumn(bool as_text, std::uint64_t seed)
        : as_text_(as_text), integers_(seed), strings_(seed) {}

    void read(const ArrowSchema& type, const ArrowArray& array, std::int64_t begin,
              std::int64_t count) override;
    void finish();

    std::vector<std::int32_t> codes;  // -1 where the id is missing (null, NaN or an empty string)
    bool is_integer = true;
    IntegerStore integers;
    StringStore strings;
    std::int64_t missing = 0;
    std::int64_t converted = 0;  // ids that were written as floats: 17850.0

private:
    class Visitor;

    void read_dictionary(const ArrowSchema& type, const ArrowArray& array, std::int64_t begin,
                         std::int64_t count);
    std::vector<std::int32_t> text_as_integers();
    void recode(std::span<const std::int32_t> new_codes);

    bool as_text_;
    Coder<IntegerStore> integers_;
    Coder<StringStore> strings_;
    std::vector<const void*> dictionary_;  // the buffers of the one whose codes are cached
    std::vector<std::int32_t> dictionary_codes_;
};

// Numbers: integers until the first one that is not, then reals.
class NumberColumn : public Column {
public:
    void read(const ArrowSchema& type, const ArrowArray& array, std::int64_t begin,
              std::int64_t count) override;

    bool is_real = false;
    std::vector<std::int64_t> integers;  // if not is_real
    std::vector<double> reals;           // if is_real
    std::vector<std::int64_t> missing;   // rows, whose value is 0

    std::int64_t size() const noexcept {
        return static_cast<std::int64_t>(is_real ? reals.size() : integers.size());
    }
    void add(std::int64_t value);
    void add(double value);
    void add_missing();
    virtual void add(std::string_view text);

protected:
    bool add_number(std::string_view text);
};

// Times: microseconds since 1970-01-01 where the type or the text tells, else bare numbers.
class TimeColumn final : public NumberColumn {
public:
    // `format`: of text; empty means ISO 8601.
    explicit TimeColumn(std::string format) : format_(std::move(format)) {}

    enum Meaning : int { unknown, number, local_time, utc_time };
    Meaning meaning = Meaning::unknown;

    void read(const ArrowSchema& type, const ArrowArray& array, std::int64_t begin,
              std::int64_t count) override;
    void add(std::string_view text) override;

private:
    void mean(Meaning now, std::int64_t row);

    std::string format_;
};

// Reads one batch of a stream of structs: columns[i] from the batch's child number positions[i].
// The batch before it must not have been released yet. Errors name the column, too.
void read_batch(const ArrowSchema& type, const ArrowArray& batch,
                const std::vector<Column*>& columns, const std::vector<std::int64_t>& positions,
                int threads);

}  // namespace pyrec
