#include "pyrec/rerank.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "comparisons.hpp"
#include "pyrec/topk.hpp"
#include "simd/kernels.hpp"

namespace pyrec {

namespace {

using detail::Comparisons;
using detail::DenseSimilarity;
using detail::List;
using detail::SparseSimilarity;

// What is left of a similarity off the diagonal, so that no determinant is 0: candidates may be
// more than their vectors have dimensions, or copies of each other, and lists are full all the
// same.
constexpr float kept_similarity = 0.99F;

// The part of a user's mix that every list counts as having (Steck 2018, equation 7): what keeps
// the divergence finite.
constexpr float smoothing = 0.01F;

List list_of(const CandidateLists& candidates, std::int64_t number) {
    const std::span rows(candidates.rows.row(number),
                         static_cast<std::size_t>(candidates.rows.cols));
    const auto size = static_cast<std::size_t>(std::ranges::find(rows, no_row) - rows.begin());
    return {number, rows.first(size), {candidates.relevance.row(number), size}};
}

// Chooses from every list. An Objective has begin(list); value(i), what candidate `i` would add to
// what has been chosen; and choose(i). Since values never rise, the last one known bounds what a
// candidate adds now, and most need no other (Minoux, Accelerated greedy algorithms for maximizing
// submodular set functions, 1978).
template <class Objective>
class Greedy {
public:
    Greedy(const Objective& objective, std::int64_t width)
        : objective_(objective), bounds_(static_cast<std::size_t>(width)) {}

    void choose(const List& list, std::span<std::int32_t> rows, std::span<float> scores) {
        objective_.begin(list);
        std::fill_n(bounds_.begin(), list.rows.size(), std::numeric_limits<float>::infinity());
        const std::size_t size = std::min(rows.size(), list.rows.size());
        for (std::size_t place = 0; place < size; ++place) {
            const std::size_t at = best_of(list);
            rows[place] = list.rows[at];
            scores[place] = bounds_[at];
            bounds_[at] = no_score;
            objective_.choose(at);
        }
        std::ranges::fill(rows.subspan(size), no_row);
        std::ranges::fill(scores.subspan(size), no_score);
    }

private:
    std::size_t best_of(const List& list) {
        std::size_t best = 0;
        float most = no_score;
        for (std::size_t i = 0; i < list.rows.size(); ++i) {
            if (bounds_[i] < most || bounds_[i] == no_score) continue;
            bounds_[i] = objective_.value(i);
            if (rank_key(bounds_[i], list.rows[i]) <= rank_key(most, list.rows[best])) continue;
            most = bounds_[i];
            best = i;
        }
        return best;
    }

    Objective objective_;
    std::vector<float> bounds_;
};

template <class Objective>
void choose_greedily(const CandidateLists& candidates, const Objective& objective,
                     const Execution& execution, const ChosenLists& chosen) {
    const std::int64_t n = candidates.rows.rows;
    const auto places = static_cast<std::size_t>(chosen.rows.cols);
    constexpr std::int64_t grain = 64;
    std::vector<Greedy<Objective>> workers(
        static_cast<std::size_t>(worker_count(n, grain, execution)),
        Greedy<Objective>(objective, candidates.rows.cols));
    parallel_for(n, grain, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
        for (std::int64_t number = begin; number < end; ++number) {
            workers[static_cast<std::size_t>(worker)].choose(list_of(candidates, number),
                                                             {chosen.rows.row(number), places},
                                                             {chosen.scores.row(number), places});
        }
    });
}

template <class Similarity>
class Mmr {
public:
    Mmr(const Similarity& similarity, std::int64_t width, std::int64_t places, float trade_off)
        : similarity_(similarity),
          comparisons_(width, places),
          trade_off_(trade_off),
          nearest_(static_cast<std::size_t>(width)),
          cosines_(static_cast<std::size_t>(places)) {}

    void begin(const List& list) {
        list_ = list;
        comparisons_.begin(list);
        std::fill_n(nearest_.begin(), list.rows.size(), 0.0F);
    }

    float value(std::size_t i) {
        const std::size_t added = comparisons_.compare(similarity_, i, cosines_.data());
        for (std::size_t c = 0; c < added; ++c) nearest_[i] = std::max(nearest_[i], cosines_[c]);
        return trade_off_ * list_.relevance[i] - (1 - trade_off_) * nearest_[i];
    }

    void choose(std::size_t i) { comparisons_.choose(i); }

private:
    Similarity similarity_;
    Comparisons comparisons_;
    float trade_off_;
    List list_;
    std::vector<float> nearest_;  // greatest cosine with what has been chosen
    std::vector<float> cosines_;
};

// Keeps the inverse of the Cholesky factor of S of the chosen. Its product with a candidate's row
// of S is the row that the candidate would add to the factor; what is left of the diagonal element
// is what the determinant would be multiplied by.
template <class Similarity>
class Dpp {
public:
    Dpp(const Similarity& similarity, std::int64_t width, std::int64_t places, float trade_off)
        : similarity_(similarity),
          comparisons_(width, places),
          trade_off_(trade_off),
          places_(static_cast<std::size_t>(places)),
          squares_(static_cast<std::size_t>(width)),
          rows_(static_cast<std::size_t>(width * places)),
          inverse_(static_cast<std::size_t>(places * places)),
          numbers_(places_),
          added_(places_) {
        std::iota(numbers_.begin(), numbers_.end(), 0);
    }

    void begin(const List& list) {
        list_ = list;
        comparisons_.begin(list);
        std::fill_n(squares_.begin(), list.rows.size(), 1.0F);
    }

    float value(std::size_t i) {
        const std::size_t first = comparisons_.compared(i);
        const std::size_t added = comparisons_.compare(similarity_, i, row(i) + first);
        for (std::size_t c = first; c < first + added; ++c) row(i)[c] *= kept_similarity;
        elements(i, first, added);
        float& square = squares_[i];
        for (std::size_t c = 0; c < added; ++c) square -= added_[c] * added_[c];
        // No less than the least eigenvalue of S, whatever rounding says.
        square = std::max(square, 1 - kept_similarity);
        return trade_off_ * list_.relevance[i] + (1 - trade_off_) * std::log(square);
    }

    void choose(std::size_t i) {
        const std::size_t size = comparisons_.chosen();
        comparisons_.choose(i);
        if (size == places_) return;
        elements(i, 0, size);
        float* const next = inverse_.data() + size * places_;
        std::fill_n(next, places_, 0.0F);
        const float scale = 1 / std::sqrt(squares_[i]);
        for (std::size_t c = 0; c < size; ++c) {
            const float* const before = inverse_.data() + c * places_;
            for (std::size_t j = 0; j <= c; ++j) next[j] -= scale * added_[c] * before[j];
        }
        next[size] = scale;
    }

private:
    float* row(std::size_t i) { return rows_.data() + i * places_; }

    // Computes some elements of the row of the factor that candidate `i` would add.
    void elements(std::size_t i, std::size_t first, std::size_t count) {
        detail::kernels().dot_rows(row(i), inverse_.data(), numbers_.data() + first,
                                   static_cast<std::int64_t>(count),
                                   static_cast<std::int64_t>(places_), added_.data());
    }

    Similarity similarity_;
    Comparisons comparisons_;
    float trade_off_;
    List list_;
    std::size_t places_;
    std::vector<float> squares_;
    std::vector<float> rows_;     // of S: a row per candidate, an element per item chosen
    std::vector<float> inverse_;  // lower triangle, zeros above it
    std::vector<std::int32_t> numbers_;
    std::vector<float> added_;
};

// As the list grows, a group's part of the divergence, -p log q, falls; an item lowers it by the
// less the more of its groups are there. Shares are of the whole list, not of what has been chosen
// so far: so values never rise.
class Calibration {
public:
    Calibration(const CsrView<const float>& memberships, const CsrView<const float>& mixes,
                std::int64_t places, float weight)
        : memberships_(memberships),
          mixes_(mixes),
          weight_(weight),
          share_((1 - smoothing) / static_cast<float>(places)),
          groups_(static_cast<std::size_t>(memberships.cols)) {}

    void begin(const List& list) {
        for (const std::int32_t group : wanted_.columns) of(group) = {};
        list_ = list;
        wanted_ = mixes_.row(list.number);
        for (std::size_t j = 0; j < wanted_.size(); ++j) {
            const float part = wanted_.values[j];
            of(wanted_.columns[j]) = {part, smoothing * part};
        }
    }

    float value(std::size_t i) {
        float gain = 0;
        const auto item = memberships_.row(list_.rows[i]);
        for (std::size_t j = 0; j < item.size(); ++j) {
            const Group& group = of(item.columns[j]);
            if (group.part == 0) continue;
            gain += group.part * std::log1p(share_ * item.values[j] / group.share);
        }
        return (1 - weight_) * list_.relevance[i] + weight_ * gain;
    }

    void choose(std::size_t i) {
        const auto item = memberships_.row(list_.rows[i]);
        for (std::size_t j = 0; j < item.size(); ++j) {
            Group& group = of(item.columns[j]);
            if (group.part > 0) group.share += share_ * item.values[j];
        }
    }

private:
    struct Group {
        float part = 0;   // p
        float share = 0;  // q, smoothed
    };

    Group& of(std::int32_t group) { return groups_[static_cast<std::size_t>(group)]; }

    CsrView<const float> memberships_;
    CsrView<const float> mixes_;
    float weight_;
    float share_;  // that one item of the list has
    List list_;
    SparseRow<const float> wanted_;
    std::vector<Group> groups_;  // zeros but for those wanted
};

// Chooses by an objective of similarity, with the kind of vectors that there are.
template <template <class> class Objective>
void choose_by_similarity(const CandidateLists& candidates, const ItemVectors& vectors,
                          float trade_off, const Execution& execution, const ChosenLists& chosen) {
    const auto choose = [&](const auto& similarity) {
        choose_greedily(candidates,
                        Objective(similarity, candidates.rows.cols, chosen.rows.cols, trade_off),
                        execution, chosen);
    };
    if (vectors.dense.rows > 0) {
        choose(DenseSimilarity(vectors.dense));
    } else {
        choose(SparseSimilarity(vectors.sparse));
    }
}

}  // namespace

void rerank_by_relevance(const CandidateLists& candidates, const Execution& execution,
                         const ChosenLists& chosen) {
    const auto places = static_cast<std::size_t>(chosen.rows.cols);
    const auto choose = [&](std::int64_t begin, std::int64_t end, int) {
        TopK best(std::min(chosen.rows.cols, candidates.rows.cols));
        for (std::int64_t number = begin; number < end; ++number) {
            const List list = list_of(candidates, number);
            for (std::size_t i = 0; i < list.rows.size(); ++i) {
                best.push(list.relevance[i], list.rows[i]);
            }
            best.drain({chosen.rows.row(number), places}, {chosen.scores.row(number), places});
        }
    };
    parallel_for(candidates.rows.rows, 1024, execution, choose);
}

void rerank_mmr(const CandidateLists& candidates, const ItemVectors& vectors, float trade_off,
                const Execution& execution, const ChosenLists& chosen) {
    choose_by_similarity<Mmr>(candidates, vectors, trade_off, execution, chosen);
}

void rerank_dpp(const CandidateLists& candidates, const ItemVectors& vectors, float trade_off,
                const Execution& execution, const ChosenLists& chosen) {
    choose_by_similarity<Dpp>(candidates, vectors, trade_off, execution, chosen);
}

void rerank_calibrated(const CandidateLists& candidates, const CsrView<const float>& memberships,
                       const CsrView<const float>& mixes, float weight, const Execution& execution,
                       const ChosenLists& chosen) {
    choose_greedily(candidates, Calibration(memberships, mixes, chosen.rows.cols, weight),
                    execution, chosen);
}

}  // namespace pyrec
