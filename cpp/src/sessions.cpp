#include "pyrec/sessions.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "pyrec/topk.hpp"

namespace pyrec {

namespace {

constexpr std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// One item of the running session, and the next of the past sessions that had it.
struct Cursor {
    float weight;
    std::int32_t item;
    const std::int32_t* next;
    const std::int32_t* end;
};

struct Shared {
    std::int32_t session;
    float latest;
};

class SessionSearch {
public:
    SessionSearch(const CsrView<const float>& sessions_of, const SessionOptions& options)
        : sessions_of_(sessions_of), options_(options), best_(options.k) {
        rows_.resize(at(options.k));
        scores_.resize(at(options.k));
    }

    // Writes the neighbours of one session in order of rows; returns how many there are.
    std::int64_t find(const SparseRow<const float>& running, std::int32_t* neighbors,
                      float* influences) {
        open(running);
        sample();
        best_.drain(rows_, scores_);
        const auto end = std::ranges::find(rows_, no_row);
        const auto count = static_cast<std::size_t>(end - rows_.begin());
        for (std::size_t i = 0; i < count; ++i) order_.push_back({rows_[i], scores_[i]});
        std::ranges::sort(order_, {}, &Shared::session);
        auto known = sampled_.begin();
        for (std::size_t i = 0; i < count; ++i) {
            const auto [session, similarity] = order_[i];
            known = std::ranges::lower_bound(known, sampled_.end(), session, {}, &Shared::session);
            neighbors[i] = session;
            influences[i] = similarity * known->latest;
        }
        order_.clear();
        return static_cast<std::int64_t>(count);
    }

private:
    void open(const SparseRow<const float>& running) {
        cursors_.clear();
        for (std::size_t j = 0; j < running.size(); ++j) {
            const auto sessions = sessions_of_.row(running.columns[j]).columns;
            cursors_.push_back({running.values[j], running.columns[j], sessions.data(),
                                sessions.data() + sessions.size()});
        }
        if (cursors_.size() <= at(options_.length)) return;
        std::ranges::sort(cursors_, [](const Cursor& a, const Cursor& b) {
            return a.weight != b.weight ? a.weight > b.weight : a.item < b.item;
        });
        cursors_.resize(at(options_.length));
        std::ranges::sort(cursors_, {}, &Cursor::item);
    }

    // Merges the lists of sessions from the latest on, and stops when the sample is full: what the
    // search takes depends on the sample and not on how many sessions there are.
    void sample() {
        constexpr auto none = std::numeric_limits<std::int32_t>::max();
        sampled_.clear();
        while (sampled_.size() < at(options_.sample)) {
            std::int32_t session = none;
            for (const Cursor& c : cursors_) {
                if (c.next != c.end) session = std::min(session, *c.next);
            }
            if (session == none) return;
            float similarity = 0.0F;
            float latest = 0.0F;
            for (Cursor& c : cursors_) {
                if (c.next == c.end || *c.next != session) continue;
                similarity += c.weight;
                latest = std::max(latest, c.weight);
                ++c.next;
            }
            sampled_.push_back({session, latest});
            best_.push(similarity, session);
        }
    }

    CsrView<const float> sessions_of_;
    SessionOptions options_;
    TopK best_;
    std::vector<Cursor> cursors_;
    std::vector<Shared> sampled_;
    std::vector<Shared> order_;
    std::vector<std::int32_t> rows_;
    std::vector<float> scores_;
};

}  // namespace

void nearest_sessions(const CsrView<const float>& running, const CsrView<const float>& sessions_of,
                      const SessionOptions& options, const Execution& execution,
                      std::span<std::int64_t> offsets, std::span<std::int32_t> neighbors,
                      std::span<float> influences) {
    constexpr std::int64_t grain = 16;
    const std::int64_t k = options.k;
    std::vector<SessionSearch> searches(at(worker_count(running.rows(), grain, execution)),
                                        SessionSearch(sessions_of, options));
    offsets[0] = 0;
    parallel_for(
        running.rows(), grain, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
            auto& search = searches[static_cast<std::size_t>(worker)];
            for (std::int64_t row = begin; row < end; ++row) {
                offsets[at(row + 1)] = search.find(running.row(row), neighbors.data() + row * k,
                                                   influences.data() + row * k);
            }
        });
    for (std::int64_t row = 0; row < running.rows(); ++row) {
        const auto from = row * k;
        const auto to = offsets[at(row)];
        const auto count = offsets[at(row + 1)];
        if (to < from) {
            std::copy_n(neighbors.begin() + from, count, neighbors.begin() + to);
            std::copy_n(influences.begin() + from, count, influences.begin() + to);
        }
        offsets[at(row + 1)] = to + count;
    }
}

}  // namespace pyrec
