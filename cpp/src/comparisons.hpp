// How like the items already chosen the candidates of a list are (private; see rerank.cpp).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "aligned.hpp"
#include "pyrec/rerank.hpp"
#include "pyrec/views.hpp"
#include "simd/kernels.hpp"

namespace pyrec::detail {

struct List {
    std::int64_t number;
    std::span<const std::int32_t> rows;
    std::span<const float> relevance;
};

// The cosines of candidates with others. Candidates come in blocks of so many `lanes`, the last
// filled up with anything: numbers of a block stand side by side, then those that come next.
class DenseSimilarity {
public:
    static constexpr std::size_t lanes = lane_count;

    DenseSimilarity(const ItemVectors& vectors, std::int64_t width) : vectors_(vectors.dense) {
        const auto blocks = (static_cast<std::size_t>(width) + lanes - 1) / lanes;
        there_.resize(blocks);
        blocks_.reserve(static_cast<std::int64_t>(blocks * lanes) * vectors_.cols);
    }

    void begin(std::span<const std::int32_t> rows) {
        rows_ = rows;
        std::fill(there_.begin(), there_.end(), false);
        prefetch(0);
    }

    // Writes a block's cosines with each of `others`.
    void compare(std::size_t block, std::span<const std::int32_t> others, float* cosines) {
        if (!there_[block]) interleave(block);
        for (const std::int32_t other : others) {
            products(at(block), vectors_.row(other), static_cast<std::size_t>(vectors_.cols),
                     cosines);
            cosines += lanes;
        }
    }

    // The inner products of a block of vectors of `n` elements with one vector.
    static void products(const float* block, const float* vector, std::size_t n, float* results) {
        kernels().dots_of_lanes(block, vector, static_cast<std::int64_t>(n), results);
    }

    static void logarithms(const float* block, float* results) {
        kernels().logs_of_lanes(block, results);
    }

private:
    float* at(std::size_t block) const {
        return blocks_.data() + static_cast<std::int64_t>(block * lanes) * vectors_.cols;
    }

    // What is compared with one item is soon compared with the next: it pays to copy it once.
    void interleave(std::size_t block) {
        std::array<const float*, lanes> vectors;
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const std::size_t i = std::min(block * lanes + lane, rows_.size() - 1);
            vectors[lane] = vectors_.row(rows_[i]);
        }
        prefetch(block + 1);
        kernels().interleave(vectors.data(), vectors_.cols, at(block));
        there_[block] = true;
    }

    void prefetch(std::size_t block) const {
        constexpr std::int64_t line = 16;
        const std::size_t end = std::min((block + 1) * lanes, rows_.size());
        for (std::size_t i = block * lanes; i < end; ++i) {
            for (std::int64_t j = 0; j < vectors_.cols; j += line) {
                __builtin_prefetch(vectors_.row(rows_[i]) + j);
            }
        }
    }

    DenseView<const float> vectors_;
    std::span<const std::int32_t> rows_;
    std::vector<bool> there_;
    AlignedBuffer<float> blocks_;
};

// One candidate at a time: what its entries are compared with costs more than any order of them.
class SparseSimilarity {
public:
    static constexpr std::size_t lanes = 1;

    SparseSimilarity(const ItemVectors& vectors, std::int64_t)
        : vectors_(vectors.sparse), spread_(static_cast<std::size_t>(vectors_.cols)) {}

    void begin(std::span<const std::int32_t> rows) { rows_ = rows; }

    void compare(std::size_t candidate, std::span<const std::int32_t> others, float* cosines) {
        const auto row = vectors_.row(rows_[candidate]);
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

    static void products(const float* one, const float* vector, std::size_t n, float* results) {
        *results = kernels().dot(one, vector, static_cast<std::int64_t>(n));
    }

    static void logarithms(const float* one, float* results) { *results = std::log(*one); }

private:
    float& spread(std::int32_t column) { return spread_[static_cast<std::size_t>(column)]; }

    CsrView<const float> vectors_;
    std::span<const std::int32_t> rows_;
    std::vector<float> spread_;
};

// What has been chosen from a list, and how much of it each block of candidates has been compared
// with.
template <class Similarity>
class Comparisons {
public:
    static constexpr std::size_t lanes = Similarity::lanes;

    Comparisons(const ItemVectors& vectors, std::int64_t width, std::int64_t places)
        : similarity_(vectors, width),
          compared_((static_cast<std::size_t>(width) + lanes - 1) / lanes) {
        chosen_.reserve(static_cast<std::size_t>(places));
        cosines_.reserve(places * static_cast<std::int64_t>(lanes));
    }

    void begin(const List& list) {
        rows_ = list.rows;
        similarity_.begin(rows_);
        chosen_.clear();
        std::ranges::fill(compared_, std::size_t{0});
    }
    void choose(std::size_t i) { chosen_.push_back(rows_[i]); }

    std::size_t chosen() const { return chosen_.size(); }

    // Calls with(number, cosines) for each item that has been chosen since the last call.
    template <class With>
    void compare(std::size_t block, const With& with) {
        const std::size_t first = compared_[block];
        if (first == chosen_.size()) return;
        similarity_.compare(block, std::span(chosen_).subspan(first), cosines_.data());
        for (std::size_t number = first; number < chosen_.size(); ++number) {
            with(number, cosines_.data() + (number - first) * lanes);
        }
        compared_[block] = chosen_.size();
    }

private:
    Similarity similarity_;
    std::span<const std::int32_t> rows_;
    std::vector<std::int32_t> chosen_;
    std::vector<std::size_t> compared_;
    AlignedBuffer<float> cosines_;
};

}  // namespace pyrec::detail
