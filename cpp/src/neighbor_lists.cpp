#include "neighbor_lists.hpp"

#include <algorithm>
#include <numeric>
#include <thread>

namespace pyrec::detail {

namespace {

// So many are sorted sooner by comparing all with all.
constexpr std::int64_t few = 192;

// Keeps others from a list. They wait a microsecond at most, but for a thread that lost its core.
class Hold {
public:
    explicit Hold(std::atomic_flag& flag) : flag_(flag) {
        while (flag_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { flag_.clear(std::memory_order_release); }

private:
    std::atomic_flag& flag_;
};

}  // namespace

NeighborLists::Scratch::Scratch(std::int64_t k)
    : columns_(at(k + slack + block_columns)),
      values_(columns_.size()),
      equal_(columns_.size()),
      spare_(2 * columns_.size() + 8 * block_columns) {}

NeighborLists::NeighborLists(std::span<const std::int32_t> rows, std::span<const float> row_weights,
                             const NeighborOptions& options, std::span<const std::int64_t> offsets,
                             std::span<std::int32_t> neighbors, std::span<float> similarities)
    : options_(options),
      rows_(rows),
      neighbors_(neighbors),
      similarities_(similarities),
      lists_(rows.size()),
      slopes_(rows.size()),
      intercepts_(rows.size()) {
    for (std::size_t label = 0; label < rows.size(); ++label) {
        const auto row = at(rows[label]);
        List& list = lists_[label];
        list.begin = offsets[row];
        list.room = static_cast<std::int32_t>(offsets[row + 1] - offsets[row]);
        // Where there is room for less than k, nobody else can come.
        list.limit = list.room < options.k ? std::numeric_limits<std::int32_t>::max() : list.room;
        list.weight = row_weights[row];
        const Screen screen = screen_for(options.threshold, ratio_of(list.weight, options));
        slopes_[label].store(screen.slope, std::memory_order_relaxed);
        intercepts_[label].store(screen.intercept, std::memory_order_relaxed);
    }
    more_neighbors_.reserve(std::ssize(lists_) * slack);
    more_similarities_.reserve(std::ssize(lists_) * slack);
}

void NeighborLists::add(std::int64_t label, std::int32_t column, float dot, float weight,
                        Scratch& scratch) {
    List& list = lists_[at(label)];
    const float similarity = similarity_of(dot, weight, ratio_of(list.weight, options_));
    const Hold hold(list.held);
    put(label, list, column, similarity, scratch);
}

void NeighborLists::add(std::int64_t label, std::span<const std::int32_t> columns,
                        std::span<const float> similarities, Scratch& scratch) {
    List& list = lists_[at(label)];
    const Hold hold(list.held);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        put(label, list, columns[i], similarities[i], scratch);
    }
}

void NeighborLists::put(std::int64_t label, List& list, std::int32_t column, float similarity,
                        Scratch& scratch) {
    if (similarity < list.cut || (similarity == list.cut && column > list.last)) return;
    if (list.size < list.room) {
        neighbors_[at(list.begin + list.size)] = column;
        similarities_[at(list.begin + list.size)] = similarity;
    } else {
        const std::int64_t place = label * slack + list.size - list.room;
        more_neighbors_.data()[place] = column;
        more_similarities_.data()[place] = similarity;
    }
    if (++list.size == list.limit) tighten(label, list, scratch);
}

void NeighborLists::gather(std::int64_t label, const List& list, Scratch& scratch) const {
    const std::int64_t here = std::min(list.size, list.room);
    std::copy_n(neighbors_.begin() + list.begin, here, scratch.columns_.begin());
    std::copy_n(similarities_.begin() + list.begin, here, scratch.values_.begin());
    const std::int64_t more = list.size - here;
    std::copy_n(more_neighbors_.data() + label * slack, more, scratch.columns_.begin() + here);
    std::copy_n(more_similarities_.data() + label * slack, more, scratch.values_.begin() + here);
}

// Keeps the k best, which fill the list's place, and raises what others have to pass.
void NeighborLists::tighten(std::int64_t label, List& list, Scratch& scratch) {
    gather(label, list, scratch);
    std::int32_t* const columns = scratch.columns_.data();
    float* const values = scratch.values_.data();
    const auto kept = simd_.keep_best(columns, values, list.size, list.room, scratch.spare_.data());
    std::int32_t* const equal = scratch.equal_.data();
    std::int64_t n_equal = 0;
    for (std::int64_t i = 0; i < kept.better + kept.equal; ++i) {
        equal[n_equal] = columns[i];
        n_equal += values[i] == kept.threshold;
    }
    std::int32_t* const last = equal + (list.room - kept.better - 1);
    std::nth_element(equal, last, equal + n_equal);
    list.cut = kept.threshold;
    list.last = *last;
    list.size = 0;
    for (std::int64_t i = 0; i < kept.better + kept.equal; ++i) {
        if (values[i] == list.cut && columns[i] > list.last) continue;
        neighbors_[at(list.begin + list.size)] = columns[i];
        similarities_[at(list.begin + list.size++)] = values[i];
    }
    list.limit = static_cast<std::int32_t>(list.room + slack);
    const Screen screen =
        screen_for(std::max(list.cut, options_.threshold), ratio_of(list.weight, options_));
    slopes_[at(label)].store(screen.slope, std::memory_order_relaxed);
    intercepts_[at(label)].store(screen.intercept, std::memory_order_relaxed);
}

void NeighborLists::close(const Execution& execution, std::span<std::int64_t> lengths) {
    constexpr std::int64_t grain = 1024;
    parallel_for(std::ssize(lists_), grain, execution,
                 [&](std::int64_t begin, std::int64_t end, int /*worker*/) {
                     Scratch scratch(options_.k);
                     for (std::int64_t label = begin; label < end; ++label) {
                         lengths[at(rows_[at(label)])] = sort(label, scratch);
                     }
                 });
}

// Puts a list in the order of columns, and returns its length.
std::int64_t NeighborLists::sort(std::int64_t label, Scratch& scratch) {
    List& list = lists_[at(label)];
    if (list.size > list.room) tighten(label, list, scratch);
    std::int32_t* const columns = scratch.columns_.data();
    float* const values = scratch.values_.data();
    std::int64_t n = 0;
    for (std::int64_t i = list.begin; i < list.begin + list.size; ++i) {
        columns[n] = neighbors_[at(i)];
        values[n] = similarities_[at(i)];
        n += values[n] != 0 && values[n] > options_.threshold;
    }
    std::int32_t* const ranks = scratch.equal_.data();
    if (n <= few) {
        simd_.rank(columns, n, ranks);
    } else {
        std::vector<std::int32_t>& order = scratch.order_;
        order.resize(at(n));
        std::iota(order.begin(), order.end(), 0);
        std::ranges::sort(order, {}, [&](std::int32_t i) { return columns[i]; });
        for (std::int64_t i = 0; i < n; ++i) ranks[order[at(i)]] = static_cast<std::int32_t>(i);
    }
    for (std::int64_t i = 0; i < n; ++i) {
        neighbors_[at(list.begin + ranks[i])] = columns[i];
        similarities_[at(list.begin + ranks[i])] = values[i];
    }
    return n;
}

}  // namespace pyrec::detail
