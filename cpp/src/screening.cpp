#include "screening.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "exhaustive.hpp"
#include "panels.hpp"
#include "ranking.hpp"

namespace pyrec::detail {

namespace {

// Sums of more products of codes than this could exceed what `screen` compares.
constexpr std::int64_t most_factors = 32'768;

// dot() adds along a chain of factors / 16 and then a tree of 4: with 2^-24 a rounding, and twice
// that for good measure.
double relative_rounding(std::int64_t factors) {
    return static_cast<double>(factors / 16 + 8) * 0x1p-23;
}

// What products lose that are too small for a normal float (even where the processor is set to
// flush them to zero).
double absolute_rounding(std::int64_t factors) { return static_cast<double>(factors) * 0x1p-125; }

}  // namespace

Screening::Screening(DenseView<const float> users, const ItemIndex& index, const Filter& filter,
                     std::int64_t k, std::int64_t block)
    : users_(users),
      index_(index),
      filter_(filter),
      candidates_(static_cast<std::size_t>(index.panels())),
      relative_error_(relative_rounding(users.cols)),
      absolute_error_(absolute_rounding(users.cols)),
      // The terms of the bound are below 127^2 per factor each, and rounded a few times.
      slack_(2.0 + 4e-6 * 127 * 127 * static_cast<double>(users.cols)),
      best_(static_cast<std::size_t>(block), TopK(std::min(k, index.items.rows))),
      bounds_(best_.size()),
      packed_codes_(static_cast<std::size_t>(block * 2 * code_groups(users.cols))) {}

void Screening::Lanes::move(std::size_t from, std::size_t to) {
    slot[to] = slot[from];
    words[to] = words[from];
    threshold[to] = threshold[from];
    error[to] = error[from];
    norm[to] = norm[from];
    offset[to] = offset[from];
}

void Screening::start(std::int64_t begin, std::int64_t end) {
    first_user_ = begin;
    slots_ = static_cast<std::size_t>(end - begin);
    lanes_.count = 0;
    unbounded_.clear();
    for (std::size_t slot = 0; slot < slots_; ++slot) activate(slot);
}

void Screening::activate(std::size_t slot) {
    const std::int64_t factors = users_.cols;
    const float* user = users_.row(first_user_ + static_cast<std::int64_t>(slot));
    const double norm = simd_.screen.norm(user, factors);
    const PanelBounds first = index_.panel(0);
    // A score might overflow, or all of them are 0 and the lowest rows win.
    const double largest_score = norm * first.norm;
    if (!(largest_score < std::numeric_limits<float>::max() / 2) || norm == 0.0 ||
        factors > most_factors) {
        unbounded_.push_back(slot);
        return;
    }
    const std::int64_t groups = code_groups(factors);
    const double scale = simd_.screen.largest_magnitude(&user, 1, factors) / 127.0;
    codes_.resize(static_cast<std::size_t>(groups * 4));
    auto* const codes = reinterpret_cast<std::uint8_t*>(codes_.data());
    const double residual = simd_.screen.quantize(user, factors, scale, 0, codes, 4);
    std::int64_t sum = 0;
    std::int64_t squares = 0;
    for (const std::int64_t code : codes_) {
        sum += code;
        squares += code * code;
    }
    bounds_[slot] = {scale * first.scale, norm};
    std::int32_t* words = packed_codes_.data() + static_cast<std::int64_t>(slot) * 2 * groups;
    simd_.screen.pack_codes(codes_.data(), groups, words);

    const std::size_t lane = lanes_.count++;
    lanes_.slot[lane] = slot;
    lanes_.words[lane] = words;
    lanes_.error[lane] = static_cast<float>((residual + relative_error_ * norm) / scale);
    lanes_.norm[lane] = static_cast<float>(std::sqrt(static_cast<double>(squares)));
    lanes_.offset[lane] = static_cast<float>(128.0 * static_cast<double>(sum) - slack_);
    raise_threshold(lane);
}

// Drops the users of whom no item of this norm, or of a smaller one, can reach the list.
void Screening::retire(double largest_norm) {
    std::size_t kept = 0;
    for (std::size_t lane = 0; lane < lanes_.count; ++lane) {
        const std::size_t slot = lanes_.slot[lane];
        const double reach =
            bounds_[slot].norm * largest_norm * (1.0 + relative_error_) + absolute_error_;
        if (reach < best_[slot].threshold()) continue;
        lanes_.move(lane, kept++);
    }
    lanes_.count = kept;
}

void Screening::raise_threshold(std::size_t lane) {
    const std::size_t slot = lanes_.slot[lane];
    lanes_.threshold[lane] =
        static_cast<float>((best_[slot].threshold() - absolute_error_) / bounds_[slot].unit);
}

// A bit for each item of a panel that may appear in any list. Panels come in ascending order, and
// for other users again from where they began.
std::uint64_t Screening::candidates(std::int64_t panel) {
    for (; known_panels_ <= panel; ++known_panels_) {
        const auto rows = panel_rows(index_.order, known_panels_);
        candidates_[static_cast<std::size_t>(known_panels_)] = allowed_at(filter_, rows);
    }
    return candidates_[static_cast<std::size_t>(panel)];
}

void Screening::search(std::int64_t first_panel, std::int64_t last_panel) {
    const std::int64_t groups = code_groups(users_.cols);
    const double first_scale = index_.panel(0).scale;
    std::uint64_t survivors[screen_block];
    known_panels_ = std::max(known_panels_, first_panel);
    for (std::int64_t panel = first_panel; panel < last_panel; ++panel) {
        const PanelBounds bounds = index_.panel(panel);
        if (panel % 4 == 0 || panel == first_panel) retire(bounds.norm);
        if (lanes_.count == 0) return;
        const std::uint64_t allowed = candidates(panel);
        if (allowed == 0) continue;
        const ScreenPanel codes{index_.codes.data() + panel * panel_bytes(users_.cols),
                                static_cast<float>(first_scale / bounds.scale),
                                static_cast<float>(bounds.norm / bounds.scale),
                                static_cast<float>(bounds.residual / bounds.scale)};
        simd_.screen.survivors(codes,
                               {lanes_.words, lanes_.threshold, lanes_.error, lanes_.norm,
                                lanes_.offset, static_cast<std::int64_t>(lanes_.count)},
                               groups, survivors);
        counts_.screened += static_cast<std::int64_t>(lanes_.count) * screen_panel;
        for (std::size_t lane = 0; lane < lanes_.count; ++lane) {
            if (survivors[lane] & allowed) {
                score_survivors(lane, panel, survivors[lane] & allowed);
            }
        }
    }
}

void Screening::score_survivors(std::size_t lane, std::int64_t panel, std::uint64_t survivors) {
    const auto panel_order = panel_rows(index_.order, panel);
    std::int32_t rows[screen_panel];
    float scores[screen_panel];
    std::int64_t count = 0;
    for (; survivors != 0; survivors &= survivors - 1) {
        rows[count++] = panel_order[static_cast<std::size_t>(std::countr_zero(survivors))];
    }
    counts_.scored += count;
    const std::size_t slot = lanes_.slot[lane];
    const std::int64_t user = first_user_ + static_cast<std::int64_t>(slot);
    simd_.dot_rows(users_.row(user), index_.items.data, rows, count, users_.cols, scores);
    TopK& best = best_[slot];
    const auto hidden = excluded(filter_, user);
    for (std::int64_t i = 0; i < count; ++i) {
        // Hidden items are looked up last: few items get this far.
        if (scores[i] >= best.threshold() && !contains(hidden, rows[i])) {
            best.push(scores[i], rows[i]);
        }
    }
    raise_threshold(lane);
}

void Screening::merge(const Screening& other) {
    for (std::size_t slot = 0; slot < slots_; ++slot) best_[slot].merge(other.best_[slot]);
    counts_.screened += other.counts_.screened;
    counts_.scored += other.counts_.scored;
}

void Screening::finish(std::int64_t k, std::span<std::int32_t> rows, std::span<float> scores) {
    for (const std::size_t slot : unbounded_) {
        score_all(users_, index_.items, filter_, first_user_ + static_cast<std::int64_t>(slot), 0,
                  index_.items.rows, best_[slot]);
    }
    for (std::size_t slot = 0; slot < slots_; ++slot) {
        drain_list(best_[slot], first_user_ + static_cast<std::int64_t>(slot), k, rows, scores);
    }
}

}  // namespace pyrec::detail
