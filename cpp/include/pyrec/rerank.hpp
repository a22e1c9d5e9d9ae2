// Re-ranking: of each list of candidates those that are best together, chosen one by one.
//
// Every objective here is one whose next item never adds more than the last one did, so that lists
// are in order of what their items added. Of candidates that add as much the lower row is chosen.
#pragma once

#include <cstdint>

#include "pyrec/parallel.hpp"
#include "pyrec/views.hpp"

namespace pyrec {

// A list per row: rows of items, no_row behind the last, and how relevant each of them is.
struct CandidateLists {
    DenseView<const std::int32_t> rows;
    DenseView<const float> relevance;
};

// What is chosen of them, with what each added; padded with no_row and no_score.
struct ChosenLists {
    DenseView<std::int32_t> rows;
    DenseView<float> scores;
};

// Items as vectors of length 1 (or 0): dense, or, if that is empty, sparse.
struct ItemVectors {
    DenseView<const float> dense;
    CsrView<const float> sparse;
};

// Those of highest relevance.
void rerank_by_relevance(const CandidateLists& candidates, const Execution& execution,
                         const ChosenLists& chosen);

// Maximal marginal relevance (Carbonell, Goldstein 1998): the next item has the greatest
//   trade_off relevance - (1 - trade_off) max(0, greatest cosine with what has been chosen).
void rerank_mmr(const CandidateLists& candidates, const ItemVectors& vectors, float trade_off,
                const Execution& execution, const ChosenLists& chosen);

// A greedy mode of a determinantal point process (Chen, Zhang, Zhou 2018): the next item raises
//   trade_off (sum of relevance) + (1 - trade_off) log det(S of the chosen) the most,
// where S has ones on its diagonal and 0.99 of the cosines beside it.
void rerank_dpp(const CandidateLists& candidates, const ItemVectors& vectors, float trade_off,
                const Execution& execution, const ChosenLists& chosen);

// Calibration (Steck 2018): the next item raises (1 - weight) (sum of relevance) - weight KL(p, q)
// the most. Row i of `mixes` is p, what the list's user had of each group; q is the share of each
// group in the list, an item counting in groups as its row of `memberships` says, and open places
// in none.
void rerank_calibrated(const CandidateLists& candidates, const CsrView<const float>& memberships,
                       const CsrView<const float>& mixes, float weight, const Execution& execution,
                       const ChosenLists& chosen);

}  // namespace pyrec
