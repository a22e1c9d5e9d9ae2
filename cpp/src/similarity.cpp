#include "pyrec/similarity.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "count_search.hpp"
#include "mutual_search.hpp"
#include "pyrec/topk.hpp"
#include "sum_search.hpp"

namespace pyrec {

namespace {

using detail::at;

// Moves the rows' entries from where bound_neighbors gave them room to where they belong.
void close_gaps(std::span<const std::int64_t> counts, std::span<std::int64_t> offsets,
                std::span<std::int32_t> neighbors, std::span<float> similarities) {
    std::int64_t to = 0;
    for (std::size_t row = 0; row < counts.size(); ++row) {
        const std::int64_t from = offsets[row];
        if (to < from) {
            std::copy_n(neighbors.begin() + from, counts[row], neighbors.begin() + to);
            std::copy_n(similarities.begin() + from, counts[row], similarities.begin() + to);
        }
        offsets[row] = to;
        to += counts[row];
    }
    offsets.back() = to;
}

// Whether counting pairs once saves more than it takes to tell both: on two of the inputs of
// benchmarks/ that saved 0.27 ns for each product, and took 200 ns for each neighbour.
bool pays_to_count_once(const CsrView<const float>& columns, std::int64_t k) {
    double products = 0;
    for (std::int64_t list = 0; list < columns.rows(); ++list) {
        const auto size = static_cast<double>(columns.row(list).size());
        products += size * size;
    }
    return products > 750.0 * static_cast<double>(k) * static_cast<double>(columns.cols);
}

}  // namespace

void row_norms(const CsrView<const float>& matrix, std::span<double> norms) {
    for (std::int64_t row = 0; row < matrix.rows(); ++row) {
        double sum = 0;
        for (const float value : matrix.row(row).values) sum += double{value} * value;
        norms[at(row)] = std::sqrt(sum);
    }
}

void bound_neighbors(const CsrView<const float>& rows, const CsrView<const float>& columns,
                     std::int64_t k, const Execution& execution, std::span<std::int64_t> offsets) {
    offsets[0] = 0;
    constexpr std::int64_t grain = 4096;
    parallel_for(
        rows.rows(), grain, execution, [&](std::int64_t begin, std::int64_t end, int /*worker*/) {
            for (std::int64_t row = begin; row < end; ++row) {
                const std::int64_t most = detail::products(rows.row(row).columns, columns.offsets);
                offsets[at(row) + 1] = std::min({k, most, columns.cols});
            }
        });
    std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
}

void find_neighbors(const CsrView<const float>& rows, std::span<const float> row_weights,
                    const CsrView<const float>& columns, std::span<const float> column_weights,
                    std::span<const std::int32_t> selves, const NeighborOptions& options,
                    const Execution& execution, std::span<std::int64_t> offsets,
                    std::span<std::int32_t> neighbors, std::span<float> similarities) {
    std::vector<std::int64_t> counts(at(rows.rows()));
    const auto search_all = [&](const auto& make_search) {
        constexpr std::int64_t grain = 64;
        std::vector<decltype(make_search())> searches(
            at(worker_count(rows.rows(), grain, execution)));
        parallel_for(
            rows.rows(), grain, execution, [&](std::int64_t begin, std::int64_t end, int worker) {
                auto& search = searches[at(worker)];
                if (!search) search = make_search();
                for (std::int64_t row = begin; row < end; ++row) {
                    const auto to = offsets[at(row)];
                    const auto self = selves.empty() ? no_row : selves[at(row)];
                    counts[at(row)] = search->find(rows.row(row), row_weights[at(row)], self,
                                                   neighbors.data() + to, similarities.data() + to);
                }
            });
    };
    const auto search_counts = [&]<class Label>(Label /*type*/) {
        if (options.mutual && pays_to_count_once(columns, options.k)) {
            const detail::SortedRows<Label> sorted(rows, columns, column_weights, execution);
            detail::NeighborLists lists(sorted.order(), row_weights, options, offsets, neighbors,
                                        similarities);
            detail::search_mutually(sorted, options, execution, lists);
            lists.close(execution, counts);
        } else {
            const detail::LabelledColumns<Label> labelled(columns, column_weights, execution);
            search_all(
                [&] { return std::make_unique<detail::CountSearch<Label>>(labelled, options); });
        }
    };
    if (!options.pattern) {
        search_all(
            [&] { return std::make_unique<detail::SumSearch>(columns, column_weights, options); });
    } else if (columns.cols <= std::int64_t{1} << 16) {
        search_counts(std::uint16_t{});
    } else {
        search_counts(std::int32_t{});
    }
    close_gaps(counts, offsets, neighbors, similarities);
}

}  // namespace pyrec
