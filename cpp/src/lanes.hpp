// Batches of rows whose systems are solved side by side, one in each lane of the vectors.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "least_squares.hpp"
#include "simd/kernels.hpp"

namespace pyrec::detail {

inline std::int64_t padded(std::int64_t n) { return (n + 3) / 4 * 4; }

inline bool all_finite(const float* row, std::int64_t cols) {
    bool finite = true;
    for (std::int64_t j = 0; j < cols; ++j) finite &= std::fabs(row[j]) <= 3.4e38F;
    return finite;
}

// The two arithmetics of the lanes, and how each writes a batch's solution into rows.
template <class T>
const LaneKernels<T>& lane_kernels() {
    if constexpr (sizeof(T) == sizeof(float)) {
        return kernels().solve.lanes;
    } else {
        return kernels().solve.lanes_double;
    }
}

// What a batch needs room for: entries at a time, vectors of a panel, and the order of a system.
struct LaneRoom {
    std::int64_t entries;
    std::int64_t panel;
    std::int64_t order;
};

// A batch whose scratch lies in the worker's memory.
template <class T>
LaneBatch<T> lay_out(LaneWorker<T>& worker, const LaneRoom& room, std::int64_t factors,
                     std::int64_t stride) {
    const std::int64_t width = lane_kernels<T>().width;
    const std::int64_t rows = padded(factors);
    const std::int64_t panels = padded(room.order) / 4;
    LaneBatch<T> batch{};
    struct Piece {
        T** at;
        std::int64_t vectors;
    };
    const Piece pieces[] = {
        {&batch.confidences, room.entries},
        {&batch.scales, room.entries},
        {&batch.targets, room.entries},
        {&batch.negatives, room.entries},
        {&batch.panel, room.panel},
        {&batch.lower, 16 * panels * (panels + 1) / 2},
        {&batch.column_scales, rows},
        {&batch.change, rows},
        {&batch.solution, rows},
        {&batch.worst, 1},
        {&batch.remaining, 1},
        {&batch.gradient, 1},
        {&worker.unloaded, stride},
    };
    std::int64_t total = 0;
    for (const Piece& piece : pieces) total += piece.vectors * width;
    T* next = worker.memory.reserve(total);
    for (const Piece& piece : pieces) {
        *piece.at = next;
        next += piece.vectors * width;
    }
    worker.entries.resize(static_cast<std::size_t>(room.entries * width));
    worker.rows.resize(static_cast<std::size_t>(width));
    float* const rotated = worker.rotated.reserve((width + 1) * stride);
    std::fill_n(rotated + width * stride, stride, 0.0F);
    batch.rows = worker.rows.data();
    batch.entries = worker.entries.data();
    batch.nothing = rotated + width * stride;
    batch.stride = stride;
    batch.factors = factors;
    return batch;
}

template <class T>
void load_rows(const CsrView<const float>& matrix, const AlsOptions& options,
               std::span<const std::int32_t> numbers, std::vector<LaneRow>& rows) {
    for (std::size_t lane = 0; lane < rows.size(); ++lane) {
        if (lane < numbers.size()) {
            const auto entries = matrix.row(numbers[lane]);
            const auto n = static_cast<std::int64_t>(entries.size());
            rows[lane] = {entries.columns.data(), entries.values.data(), n,
                          penalty(options, n, matrix.cols)};
        } else {
            rows[lane] = {nullptr, nullptr, 0, 1};
        }
    }
}

inline std::span<const std::int32_t> part(std::span<const std::int32_t> rows, std::int64_t batch,
                                          std::int64_t width) {
    const auto first = static_cast<std::size_t>(batch * width);
    return rows.subspan(first, std::min(static_cast<std::size_t>(width), rows.size() - first));
}

inline std::int64_t batches_of(std::span<const std::int32_t> rows, std::int64_t width) {
    return (static_cast<std::int64_t>(rows.size()) + width - 1) / width;
}

}  // namespace pyrec::detail
