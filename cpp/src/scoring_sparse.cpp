// Scores that are sums over few stored entries: neighbourhood models, given candidate lists.
#include <algorithm>
#include <optional>
#include <vector>

#include "pyrec/scoring.hpp"
#include "ranking.hpp"
#include "simd/bytes.hpp"

namespace pyrec {

namespace {

// One dense row of sums and the columns that were touched in it (Gustavson 1978). Sums are made in
// the order of the calls to add(), so their bits depend on nothing else.
class Accumulator {
public:
    explicit Accumulator(std::int64_t columns)
        : sums_(static_cast<std::size_t>(columns)),
          touched_(static_cast<std::size_t>(columns) + 1),
          reached_(static_cast<std::size_t>(columns)) {}

    void add(const SparseRow<const float>& row, float weight) {
        for (std::size_t j = 0; j < row.size(); ++j) {
            const auto column = static_cast<std::size_t>(row.columns[j]);
            // Without a branch: the slot after the last one is written in vain.
            touched_[count_] = row.columns[j];
            count_ += reached_[column] ? 0 : 1;
            reached_[column] = 1;
            sums_[column] += weight * row.values[j];
        }
    }

    // Takes a column out of what drain() will show.
    void hide(std::int32_t column) { reached_[static_cast<std::size_t>(column)] = 0; }

    float sum(std::int32_t column) const { return sums_[static_cast<std::size_t>(column)]; }

    // Calls see(column, sum) for each column reached and not hidden, and clears the row.
    template <class See>
    void drain(See&& see) {
        for (std::size_t i = 0; i < count_; ++i) {
            const auto column = static_cast<std::size_t>(touched_[i]);
            if (reached_[column]) see(touched_[i], sums_[column]);
            sums_[column] = 0.0F;
            reached_[column] = 0;
        }
        count_ = 0;
    }

private:
    std::vector<float> sums_;
    std::vector<std::int32_t> touched_;
    std::vector<std::uint8_t> reached_;
    std::size_t count_ = 0;
};

// Rows for a chunk of about a million multiply-adds, given how many all the rows need together.
std::int64_t grain_for(std::int64_t rows, double multiply_adds) {
    return std::max<std::int64_t>(
        1, static_cast<std::int64_t>(static_cast<double>(rows) * 1e6 / (multiply_adds + 1e6)));
}

float value_or_zero(const SparseRow<const float>& row, std::int32_t column) {
    const auto found = std::ranges::lower_bound(row.columns, column);
    if (found == row.columns.end() || *found != column) return 0.0F;
    return row.values[static_cast<std::size_t>(found - row.columns.begin())];
}

// Scores some items for one history: by searching for each, or, where that would take longer, by
// making all the sums at once. The sums are made in the same order, and so have the same bits.
void score_items(const SparseRow<const float>& history, const CsrView<const float>& neighbors,
                 std::span<const std::int32_t> items, std::optional<Accumulator>& sums,
                 std::span<float> scores) {
    constexpr std::size_t additions_per_search = 8;
    std::size_t additions = 0;
    for (const std::int32_t column : history.columns) additions += neighbors.row(column).size();
    if (additions < additions_per_search * items.size() * history.size()) {
        if (!sums) sums.emplace(neighbors.cols);
        for (std::size_t j = 0; j < history.size(); ++j) {
            sums->add(neighbors.row(history.columns[j]), history.values[j]);
        }
        for (std::size_t i = 0; i < items.size(); ++i) scores[i] = sums->sum(items[i]);
        sums->drain([](std::int32_t, float) {});
        return;
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        scores[i] = 0.0F;
        for (std::size_t j = 0; j < history.size(); ++j) {
            scores[i] +=
                history.values[j] * value_or_zero(neighbors.row(history.columns[j]), items[i]);
        }
    }
}

}  // namespace

void recommend_sparse(const CsrView<const float>& histories, const CsrView<const float>& neighbors,
                      const Filter& filter, std::int64_t k, const Execution& execution,
                      std::span<std::int32_t> rows, std::span<float> scores) {
    const double per_entry = static_cast<double>(neighbors.nnz()) /
                             static_cast<double>(std::max<std::int64_t>(1, neighbors.rows()));
    const std::int64_t grain =
        grain_for(histories.rows(), static_cast<double>(histories.nnz()) * per_entry);
    struct Scratch {
        Accumulator sums;
        TopK best;
    };
    std::vector<Scratch> scratch(
        static_cast<std::size_t>(worker_count(histories.rows(), grain, execution)),
        Scratch{Accumulator(neighbors.cols), TopK(std::min(k, neighbors.cols))});
    const auto work = [&](std::int64_t begin, std::int64_t end, int worker) {
        auto& [sums, best] = scratch[static_cast<std::size_t>(worker)];
        for (std::int64_t user = begin; user < end; ++user) {
            const auto history = histories.row(user);
            for (std::size_t j = 0; j < history.size(); ++j) {
                sums.add(neighbors.row(history.columns[j]), history.values[j]);
            }
            for (const std::int32_t item : detail::excluded(filter, user)) sums.hide(item);
            sums.drain([&, &best = best](std::int32_t item, float score) {
                if (!filter.allowed.empty() && bit_at(filter.allowed.data(), item) == 0) return;
                best.push(detail::checked_score(score, user, item), item);
            });
            detail::drain_list(best, user, k, rows, scores);
        }
    };
    parallel_for(histories.rows(), grain, execution, work);
}

void score_pairs_sparse(const CsrView<const float>& histories,
                        const CsrView<const float>& neighbors,
                        std::span<const std::int32_t> user_rows,
                        std::span<const std::int32_t> item_rows, const Execution& execution,
                        std::span<float> scores) {
    const auto pairs = static_cast<std::int64_t>(user_rows.size());
    const std::int64_t grain = 4096;
    std::vector<std::optional<Accumulator>> scratch(
        static_cast<std::size_t>(worker_count(pairs, grain, execution)));
    parallel_for(pairs, grain, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
        auto& sums = scratch[static_cast<std::size_t>(worker)];
        const auto last = static_cast<std::size_t>(end);
        for (auto first = static_cast<std::size_t>(begin); first < last;) {
            const std::int32_t user = user_rows[first];
            std::size_t next = first + 1;
            while (next < last && user_rows[next] == user) ++next;
            const auto items = item_rows.subspan(first, next - first);
            const auto to = scores.subspan(first, next - first);
            score_items(histories.row(user), neighbors, items, sums, to);
            for (std::size_t i = 0; i < to.size(); ++i) {
                to[i] = detail::checked_score(to[i], user, items[i]);
            }
            first = next;
        }
    });
}

void top_k_of_rows(const CsrView<const float>& matrix, std::int64_t k, const Execution& execution,
                   std::span<std::int32_t> rows, std::span<float> scores) {
    const std::int64_t grain = grain_for(matrix.rows(), 10.0 * static_cast<double>(matrix.nnz()));
    parallel_for(matrix.rows(), grain, execution, [&](std::int64_t begin, std::int64_t end, int) {
        TopK best(std::min(k, matrix.cols));
        for (std::int64_t row = begin; row < end; ++row) {
            const auto entries = matrix.row(row);
            for (std::size_t j = 0; j < entries.size(); ++j) {
                best.push(entries.values[j], entries.columns[j]);
            }
            detail::drain_list(best, row, k, rows, scores);
        }
    });
}

}  // namespace pyrec
