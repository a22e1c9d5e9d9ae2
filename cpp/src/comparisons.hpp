// How like the items already chosen each candidate of a list is (private; see rerank.cpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pyrec/views.hpp"
#include "simd/kernels.hpp"

namespace pyrec::detail {

struct List {
    std::int64_t number;
    std::span<const std::int32_t> rows;
    std::span<const float> relevance;
};

// The cosines of an item with others.
class DenseSimilarity {
public:
    explicit DenseSimilarity(DenseView<const float> vectors) : vectors_(vectors) {}

    void operator()(std::int32_t one, std::span<const std::int32_t> others, float* cosines) {
        detail::kernels().dot_rows(vectors_.row(one), vectors_.data, others.data(),
                                   static_cast<std::int64_t>(others.size()), vectors_.cols,
                                   cosines);
    }

    void prefetch(std::int32_t row) const {
        constexpr std::int64_t line = 16;
        for (std::int64_t j = 0; j < vectors_.cols; j += line) {
            __builtin_prefetch(vectors_.row(row) + j);
        }
    }

private:
    DenseView<const float> vectors_;
};

class SparseSimilarity {
public:
    explicit SparseSimilarity(const CsrView<const float>& vectors)
        : vectors_(vectors), spread_(static_cast<std::size_t>(vectors.cols)) {}

    void operator()(std::int32_t one, std::span<const std::int32_t> others, float* cosines) {
        const auto row = vectors_.row(one);
        for (std::size_t j = 0; j < row.size(); ++j) spread(row.columns[j]) = row.values[j];
        for (const std::int32_t other : others) {
            const auto with = vectors_.row(other);
            float sum = 0;
            for (std::size_t j = 0; j < with.size(); ++j) {
                sum += with.values[j] * spread(with.columns[j]);
            }
            *cosines++ = sum;
        }
        for (const std::int32_t column : row.columns) spread(column) = 0;
    }

    void prefetch(std::int32_t) const {}

private:
    float& spread(std::int32_t column) { return spread_[static_cast<std::size_t>(column)]; }

    CsrView<const float> vectors_;
    std::vector<float> spread_;
};

// What has been chosen from a list, and how much of it each candidate has been compared with.
class Comparisons {
public:
    Comparisons(std::int64_t width, std::int64_t places)
        : compared_(static_cast<std::size_t>(width)) {
        chosen_.reserve(static_cast<std::size_t>(places));
    }

    void begin(const List& list) {
        rows_ = list.rows;
        chosen_.clear();
        std::fill_n(compared_.begin(), rows_.size(), std::size_t{0});
    }
    void choose(std::size_t i) { chosen_.push_back(rows_[i]); }

    std::size_t chosen() const { return chosen_.size(); }

    // Number of items chosen that candidate `i` has been compared with.
    std::size_t compared(std::size_t i) const { return compared_[i]; }

    // Writes the cosines of candidate `i` with what has been chosen since the last call, and
    // returns how many there are.
    template <class Similarity>
    std::size_t compare(Similarity& similarity, std::size_t i, float* cosines) {
        const auto since = std::span(chosen_).subspan(compared_[i]);
        if (since.empty()) return 0;
        // Candidates are met for the first time one after the other.
        if (compared_[i] == 0 && i + ahead < rows_.size()) similarity.prefetch(rows_[i + ahead]);
        similarity(rows_[i], since, cosines);
        compared_[i] = chosen_.size();
        return since.size();
    }

private:
    static constexpr std::size_t ahead = 8;

    std::span<const std::int32_t> rows_;
    std::vector<std::int32_t> chosen_;
    std::vector<std::size_t> compared_;
};

}  // namespace pyrec::detail
