#include "pyrec/rerank.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "aligned.hpp"
#include "comparisons.hpp"
#include "pyrec/topk.hpp"

namespace pyrec {

namespace {

using detail::AlignedBuffer;
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

// Room for `width` candidates in blocks of `lanes`.
std::size_t whole_blocks(std::int64_t width, std::size_t lanes) {
    return (static_cast<std::size_t>(width) + lanes - 1) / lanes * lanes;
}

List list_of(const CandidateLists& candidates, std::int64_t number) {
    const std::span rows(candidates.rows.row(number),
                         static_cast<std::size_t>(candidates.rows.cols));
    const auto size = static_cast<std::size_t>(std::ranges::find(rows, no_row) - rows.begin());
    return {number, rows.first(size), {candidates.relevance.row(number), size}};
}

// Writes relevance times its weight.
void weigh(const List& list, float weight, std::vector<float>& relevance) {
    std::ranges::transform(list.relevance, relevance.begin(),
                           [weight](float one) { return weight * one; });
}

// By halves: one after the other each comparison would wait for the one before it.
template <std::size_t size>
float greatest(const float* values) {
    if constexpr (size == 1) {
        return *values;
    } else {
        std::array<float, size / 2> half;
        for (std::size_t i = 0; i < size / 2; ++i) {
            half[i] = std::max(values[i], values[i + size / 2]);
        }
        return greatest<size / 2>(half.data());
    }
}

// Chooses from every list. An Objective looks at candidates in blocks of so many `lanes`; it has
// begin(list); update(block, values), which lowers values of a block's candidates to what they
// would add to what has been chosen; and choose(i). Since values never rise, those last known bound
// what candidates add now, and most blocks need no others (Minoux, Accelerated greedy algorithms
// for maximizing submodular set functions, 1978). Aligned, so that no two workers write to one
// line.
template <class Objective>
class alignas(64) Greedy {
public:
    Greedy(Objective objective, std::int64_t width)
        : objective_(std::move(objective)),
          values_(whole_blocks(width, lanes)),
          bounds_(values_.size() / lanes) {}

    void choose(const List& list, std::span<std::int32_t> rows, std::span<float> scores) {
        begin(list);
        const std::size_t size = std::min(rows.size(), list.rows.size());
        for (std::size_t place = 0; place < size; ++place) {
            const std::size_t at = best();
            rows[place] = list.rows[at];
            scores[place] = values_[at];
            values_[at] = no_score;
            bounds_[at / lanes] = greatest<lanes>(values_.data() + at / lanes * lanes);
            objective_.choose(at);
        }
        std::ranges::fill(rows.subspan(size), no_row);
        std::ranges::fill(scores.subspan(size), no_score);
    }

private:
    static constexpr std::size_t lanes = Objective::lanes;
    static constexpr float unknown = std::numeric_limits<float>::infinity();

    void begin(const List& list) {
        list_ = list;
        blocks_ = (list.rows.size() + lanes - 1) / lanes;
        std::fill_n(values_.begin(), list.rows.size(), unknown);
        std::fill(values_.begin() + static_cast<std::ptrdiff_t>(list.rows.size()), values_.end(),
                  no_score);
        std::fill_n(bounds_.begin(), blocks_, unknown);
        objective_.begin(list);
    }

    std::size_t best() {
        best_ = 0;
        most_ = no_score;
        for (std::size_t block = 0; block < blocks_; ++block) {
            if (bounds_[block] >= most_ && bounds_[block] > no_score) visit(block);
        }
        return best_;
    }

    void visit(std::size_t block) {
        float* const values = values_.data() + block * lanes;
        objective_.update(block, values);
        const float most = greatest<lanes>(values);
        bounds_[block] = most;
        if (most < most_) return;
        for (std::size_t i = block * lanes; i < (block + 1) * lanes; ++i) {
            if (values_[i] != most) continue;
            if (rank_key(most, list_.rows[i]) <= rank_key(most_, list_.rows[best_])) continue;
            most_ = most;
            best_ = i;
        }
    }

    Objective objective_;
    List list_;
    std::size_t blocks_ = 0;
    std::vector<float> values_;
    std::vector<float> bounds_;  // of each block, the greatest value
    std::size_t best_ = 0;       // so far in this place, and its value
    float most_ = no_score;
};

// Every worker has an objective of its own, which `objective` makes in the worker's thread: arrays
// that one allocation after the other makes for all of them would share lines that all write to.
template <class MakeObjective>
void choose_greedily(const CandidateLists& candidates, const MakeObjective& objective,
                     const Execution& execution, const ChosenLists& chosen) {
    const std::int64_t n = candidates.rows.rows;
    const auto places = static_cast<std::size_t>(chosen.rows.cols);
    constexpr std::int64_t grain = 64;
    std::vector<std::optional<Greedy<decltype(objective())>>> workers(
        static_cast<std::size_t>(worker_count(n, grain, execution)));
    parallel_for(n, grain, execution, [&](std::int64_t begin, std::int64_t end, int number) {
        auto& worker = workers[static_cast<std::size_t>(number)];
        if (!worker) worker.emplace(objective(), candidates.rows.cols);
        for (std::int64_t list = begin; list < end; ++list) {
            worker->choose(list_of(candidates, list), {chosen.rows.row(list), places},
                           {chosen.scores.row(list), places});
        }
    });
}

template <class Similarity>
class Mmr {
public:
    static constexpr std::size_t lanes = Similarity::lanes;

    Mmr(const ItemVectors& vectors, std::int64_t width, std::int64_t places, float trade_off)
        : comparisons_(vectors, width, places),
          trade_off_(trade_off),
          relevance_(whole_blocks(width, lanes)),
          nearest_(relevance_.size()) {}

    void begin(const List& list) {
        weigh(list, trade_off_, relevance_);
        comparisons_.begin(list);
        std::ranges::fill(nearest_, 0.0F);
    }

    void update(std::size_t block, float* values) {
        float* const nearest = nearest_.data() + block * lanes;
        comparisons_.compare(block, [&](std::size_t, const float* cosines) {
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                nearest[lane] = std::max(nearest[lane], cosines[lane]);
            }
        });
        const float* const relevance = relevance_.data() + block * lanes;
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const float value = relevance[lane] - (1 - trade_off_) * nearest[lane];
            values[lane] = std::min(values[lane], value);
        }
    }

    void choose(std::size_t i) { comparisons_.choose(i); }

private:
    Comparisons<Similarity> comparisons_;
    float trade_off_;
    std::vector<float> relevance_;  // times its weight
    std::vector<float> nearest_;    // greatest cosine with what has been chosen
};

// For each candidate the row that it would add to the Cholesky factor of S of the chosen; what is
// left of its diagonal element is what the determinant would be multiplied by (Chen, Zhang, Zhou
// 2018, algorithm 1).
template <class Similarity>
class Dpp {
public:
    static constexpr std::size_t lanes = Similarity::lanes;

    Dpp(const ItemVectors& vectors, std::int64_t width, std::int64_t places, float trade_off)
        : comparisons_(vectors, width, places),
          trade_off_(trade_off),
          places_(static_cast<std::size_t>(places)),
          relevance_(whole_blocks(width, lanes)),
          squares_(relevance_.size()),
          factor_(places_ * places_),
          scales_(places_) {
        rows_.reserve(static_cast<std::int64_t>(squares_.size() * places_));
    }

    void begin(const List& list) {
        weigh(list, trade_off_, relevance_);
        comparisons_.begin(list);
        std::ranges::fill(squares_, 1.0F);
    }

    void update(std::size_t block, float* values) {
        float* const rows = rows_of(block);
        float* const squares = squares_.data() + block * lanes;
        comparisons_.compare(block, [&](std::size_t number, const float* cosines) {
            float* const next = rows + number * lanes;
            Similarity::products(rows, factor_.data() + number * places_, number, next);
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                next[lane] = scales_[number] * (kept_similarity * cosines[lane] - next[lane]);
                // No less than the least eigenvalue of S, whatever rounding says.
                squares[lane] =
                    std::max(squares[lane] - next[lane] * next[lane], 1 - kept_similarity);
            }
        });
        std::array<float, lanes> logs;
        Similarity::logarithms(squares, logs.data());
        const float* const relevance = relevance_.data() + block * lanes;
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const float value = relevance[lane] + (1 - trade_off_) * logs[lane];
            values[lane] = std::min(values[lane], value);
        }
    }

    // The candidate's row becomes one of the factor.
    void choose(std::size_t i) {
        const std::size_t number = comparisons_.chosen();
        comparisons_.choose(i);
        const float* const rows = rows_of(i / lanes);
        for (std::size_t c = 0; c < number; ++c) {
            factor_[number * places_ + c] = rows[c * lanes + i % lanes];
        }
        scales_[number] = 1 / std::sqrt(squares_[i]);
    }

private:
    // The rows of a block's candidates: of each the first elements, then the second ones.
    float* rows_of(std::size_t block) const { return rows_.data() + block * lanes * places_; }

    Comparisons<Similarity> comparisons_;
    float trade_off_;
    std::size_t places_;
    std::vector<float> relevance_;  // times its weight
    std::vector<float> squares_;
    AlignedBuffer<float> rows_;
    std::vector<float> factor_;  // below its diagonal
    std::vector<float> scales_;  // the reciprocals of its diagonal
};

// As the list grows, a group's part of the divergence, -p log q, falls; an item lowers it by the
// less the more of its groups are there. Shares are of the whole list, not of what has been chosen
// so far: so values never rise.
class Calibration {
public:
    static constexpr std::size_t lanes = 1;

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

    void update(std::size_t i, float* value) {
        float gain = 0;
        const auto item = memberships_.row(list_.rows[i]);
        for (std::size_t j = 0; j < item.size(); ++j) {
            const Group& group = of(item.columns[j]);
            if (group.part == 0) continue;
            gain += group.part * std::log1p(share_ * item.values[j] / group.share);
        }
        *value = std::min(*value, (1 - weight_) * list_.relevance[i] + weight_ * gain);
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
    const auto choose = [&]<class Similarity>() {
        const auto objective = [&] {
            return Objective<Similarity>(vectors, candidates.rows.cols, chosen.rows.cols,
                                         trade_off);
        };
        choose_greedily(candidates, objective, execution, chosen);
    };
    if (vectors.dense.rows > 0) {
        choose.template operator()<DenseSimilarity>();
    } else {
        choose.template operator()<SparseSimilarity>();
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
    const auto objective = [&] {
        return Calibration(memberships, mixes, chosen.rows.cols, weight);
    };
    choose_greedily(candidates, objective, execution, chosen);
}

}  // namespace pyrec
