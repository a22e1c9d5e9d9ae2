// One kernel on a small input, between two marks that callgrind knows: see instructions.py.
//   instructions KERNEL
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "pyrec/als.hpp"
#include "pyrec/bpr.hpp"
#include "pyrec/csr.hpp"
#include "pyrec/elastic_net.hpp"
#include "pyrec/explain.hpp"
#include "pyrec/grouping.hpp"
#include "pyrec/item_index.hpp"
#include "pyrec/metrics.hpp"
#include "pyrec/rerank.hpp"
#include "pyrec/ridge.hpp"
#include "pyrec/scoring.hpp"
#include "pyrec/similarity.hpp"

namespace {

using namespace pyrec;

const Execution one_thread{};
constexpr std::int64_t factors = 64, k = 10;

// What is collected: the kernel, called from here and nothing else.
const std::function<void()>* kernel;
extern "C" [[gnu::noinline]] void measured() { (*kernel)(); }

void measure(const std::function<void()>& work) {
    kernel = &work;
    measured();
}

// Knuth's linear congruential generator: the same numbers on every machine.
class Random {
public:
    std::uint32_t below(std::uint32_t n) {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::uint32_t>(((state_ >> 32) * n) >> 32);
    }
    float centred() { return static_cast<float>(below(2001)) / 1000.0F - 1.0F; }

private:
    std::uint64_t state_ = 1;
};

std::vector<float> dense(std::int64_t rows, Random& random) {
    std::vector<float> values(static_cast<std::size_t>(rows * factors));
    for (auto& value : values) value = random.centred();
    return values;
}

DenseView<const float> view(const std::vector<float>& values) {
    return {values.data(), static_cast<std::int64_t>(values.size()) / factors, factors};
}

// A few columns per row, the lower the likelier: what a shop's log looks like.
struct Sparse {
    std::vector<std::int64_t> offsets{0};
    std::vector<std::int32_t> columns;
    std::vector<float> values;
    std::int64_t cols;

    Sparse(std::int64_t rows, std::int64_t width, Random& random) : cols(width) {
        std::vector<bool> taken(static_cast<std::size_t>(cols));
        for (std::int64_t row = 0; row < rows; ++row) {
            const std::uint32_t wanted = 1 + random.below(40);
            for (std::uint32_t i = 0; i < wanted; ++i) {
                const std::uint32_t limit = 1 + random.below(static_cast<std::uint32_t>(cols));
                taken[random.below(limit)] = true;
            }
            for (std::int64_t column = 0; column < cols; ++column) {
                if (!taken[static_cast<std::size_t>(column)]) continue;
                columns.push_back(static_cast<std::int32_t>(column));
                values.push_back(1.0F + static_cast<float>(random.below(3)));
            }
            taken.assign(taken.size(), false);
            offsets.push_back(static_cast<std::int64_t>(columns.size()));
        }
    }
    CsrView<const float> view() const { return {offsets, columns, values, cols}; }

    Sparse transposed() const {
        Sparse other = *this;
        other.cols = view().rows();
        other.offsets.resize(static_cast<std::size_t>(cols) + 1);
        transpose(view(), other.offsets, other.columns, other.values, {});
        return other;
    }

    // The entries of which keep(row, column) is true.
    template <class Keep>
    Sparse filtered(const Keep& keep) const {
        Sparse other = *this;
        other.columns.clear();
        other.values.clear();
        for (std::int64_t row = 0; row < view().rows(); ++row) {
            const auto entries = view().row(row);
            for (std::size_t i = 0; i < entries.size(); ++i) {
                if (!keep(row, entries.columns[i])) continue;
                other.columns.push_back(entries.columns[i]);
                other.values.push_back(entries.values[i]);
            }
            other.offsets[static_cast<std::size_t>(row) + 1] =
                static_cast<std::int64_t>(other.columns.size());
        }
        return other;
    }
};

struct Lists {
    std::vector<std::int32_t> rows;
    std::vector<float> scores;
    explicit Lists(std::int64_t users)
        : rows(static_cast<std::size_t>(users * k)), scores(rows.size()) {}
};

void top_k(bool indexed) {
    Random random;
    const auto users = dense(64, random), items = dense(3000, random);
    const Sparse seen(64, 3000, random);
    const auto index = index_items(view(items), one_thread);
    Lists lists(64);
    measure([&] {
        if (indexed)
            recommend_indexed(view(users), index.view(view(items)), {seen.view(), {}}, k,
                              one_thread, lists.rows, lists.scores);
        else
            recommend_dense(view(users), view(items), {seen.view(), {}}, k, one_thread, lists.rows,
                            lists.scores);
    });
}

void index() {
    Random random;
    const auto items = dense(3000, random);
    measure([&] { index_items(view(items), one_thread); });
}

void als(AlsSolver solver) {
    Random random;
    const Sparse matrix(300, 500, random);
    const auto items = dense(500, random);
    auto users = dense(300, random);
    AlsOptions options;
    options.solver = solver;
    measure([&] {
        AlsSide side(options);
        side.prepare(view(items), one_thread);
        AlsScratch scratch;
        als_solve(matrix.view(), side, {users.data(), 300, factors}, scratch, one_thread);
    });
}

void bpr() {
    Random random;
    const Sparse matrix(300, 500, random);
    auto users = dense(300, random), items = dense(500, random);
    measure([&] {
        bpr_epoch(matrix.view(), 0, {0.05F, 0.01F, 16, 0}, one_thread, {users.data(), 300, factors},
                  {items.data(), 500, factors});
    });
}

void neighbors() {
    Random random;
    const Sparse users(600, 400, random);
    const Sparse items(400, 600, random);
    std::vector<std::int64_t> ends(401);
    NeighborOptions options;
    options.k = k;
    options.denominator = Denominator::product;
    const std::vector<float> norms(400, 1.0F);
    bound_neighbors(items.view(), users.view(), k, {}, ends);
    const auto room = static_cast<std::size_t>(ends.back());
    std::vector<std::int32_t> found(room);
    std::vector<float> similarities(room);
    measure([&] {
        find_neighbors(items.view(), norms, users.view(), norms, {}, options, one_thread, ends,
                       found, similarities);
    });
}

// Of ones. Few users have little in common; many so much that pairs are counted once.
void counted_neighbors(std::int64_t users, std::int64_t items) {
    Random random;
    const Sparse matrix(users, items, random), rows = matrix.transposed();
    const auto n = static_cast<std::size_t>(items);
    std::vector<std::int64_t> ends(n + 1);
    std::vector<std::int32_t> selves(n);
    std::iota(selves.begin(), selves.end(), 0);
    std::vector<float> norms(n);
    for (std::size_t i = 0; i < n; ++i)
        norms[i] = std::sqrt(static_cast<float>(rows.offsets[i + 1] - rows.offsets[i]));
    NeighborOptions options;
    options.k = k;
    options.denominator = Denominator::product;
    options.pattern = options.mutual = true;
    bound_neighbors(rows.view(), matrix.view(), k, {}, ends);
    std::vector<std::int32_t> found(static_cast<std::size_t>(ends.back()));
    std::vector<float> similarities(found.size());
    measure([&] {
        find_neighbors(rows.view(), norms, matrix.view(), norms, selves, options, one_thread, ends,
                       found, similarities);
    });
}

void elastic_net() {
    Random random;
    constexpr std::int64_t items = 300;
    const Sparse products(items, items, random);
    const auto lower = products.filtered([](auto row, auto column) { return column < row; });
    const auto others = products.filtered([](auto row, auto column) { return column != row; });
    const std::vector<float> diagonal(items, 100.0F), ridges(items, 1.0F);
    std::vector<float> weights(others.columns.size());
    measure([&] {
        regress_on_neighbors(lower.view(), diagonal, ridges, others.view(), {.l1 = 0.1F},
                             one_thread, weights);
    });
}

void ridge() {
    Random random;
    const Sparse ratings(100, 500, random);
    const auto table = dense(500, random);
    const std::vector<float> base(500, 1.0F);
    auto solved = dense(100, random);
    measure([&] {
        solve_ridge(ratings.view(), view(table), base, 0.1, one_thread,
                    {solved.data(), 100, factors});
    });
}

// Lists of ten of 500 items, each item by the three that add the most.
template <class Explain>
void explained(std::int64_t users, Random& random, const Explain& explain) {
    const Sparse histories(users, 500, random);
    Lists lists(users);
    for (std::size_t i = 0; i < lists.rows.size(); ++i)
        lists.rows[i] = static_cast<std::int32_t>((7 * i) % 500);
    const auto entries = static_cast<std::int64_t>(lists.rows.size());
    std::vector<std::int32_t> rows(3 * lists.rows.size());
    std::vector<float> contributions(rows.size());
    std::vector<double> totals(lists.rows.size());
    const Reasons reasons{{rows.data(), entries, 3}, {contributions.data(), entries, 3}, totals};
    measure([&] { explain(histories.view(), {lists.rows.data(), users, k}, reasons); });
}

void explained_als() {
    Random random;
    const auto items = dense(500, random);
    AlsOptions options;
    options.solver = AlsSolver::exact;
    AlsSide side(options);
    side.prepare(view(items), one_thread);
    explained(10, random, [&](auto histories, DenseView<const std::int32_t> lists, auto& reasons) {
        explain_als(histories, side, lists, one_thread, reasons);
    });
}

void explained_sums() {
    Random random;
    const Sparse similar(500, 500, random);
    explained(200, random, [&](auto histories, DenseView<const std::int32_t> lists, auto& reasons) {
        explain_sparse(histories, similar.view(), lists, one_thread, reasons);
    });
}

void sparse_lists() {
    Random random;
    const Sparse histories(100, 500, random), similar(500, 500, random);
    Lists lists(100);
    measure([&] {
        recommend_sparse(histories.view(), similar.view(), {}, k, one_thread, lists.rows,
                         lists.scores);
    });
}

void metrics() {
    Random random;
    constexpr std::int64_t users = 2000;
    const Sparse relevant(users, 500, random);
    Lists lists(users);
    for (std::size_t i = 0; i < lists.rows.size(); ++i)
        lists.rows[i] = static_cast<std::int32_t>((7 * i) % 500);
    const std::vector<std::int32_t> cutoffs{5, 10};
    std::vector<std::int32_t> hits(2 * users), first(users);
    std::vector<double> precision(2 * users), gain(2 * users), ideal(2 * users);
    measure([&] {
        judge({lists.rows.data(), users, k}, relevant.view(), cutoffs, one_thread, first,
              {hits, precision, gain, ideal});
    });
}

void grouping() {
    Random random;
    std::vector<std::int32_t> rows(50'000), columns(rows.size());
    for (auto& row : rows) row = static_cast<std::int32_t>(random.below(1000));
    for (auto& column : columns) column = static_cast<std::int32_t>(random.below(500));
    measure([&] { group_pairs(rows, columns, 1000, one_thread); });
}

// Lists of 50 of 3000 items, in order of relevance, to 10 each.
template <class Rerank>
void reranked(const Rerank& rerank) {
    constexpr std::int64_t users = 100, width = 50;
    std::vector<float> relevance(users * width);
    std::vector<std::int32_t> rows(relevance.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i] = static_cast<std::int32_t>((59 * i) % 3000);
        relevance[i] = 1 - static_cast<float>(i % width) / width;
    }
    Lists lists(users);
    measure([&] {
        rerank(CandidateLists{{rows.data(), users, width}, {relevance.data(), users, width}},
               ChosenLists{{lists.rows.data(), users, k}, {lists.scores.data(), users, k}});
    });
}

void diverse(decltype(rerank_mmr)* rerank) {
    Random random;
    auto unit = dense(3000, random);
    for (auto& value : unit) value /= 5;  // about the length of a vector
    reranked([&](const auto& candidates, const auto& chosen) {
        rerank(candidates, {view(unit), {}}, 0.7F, one_thread, chosen);
    });
}

void calibrated() {
    Random random;
    const Sparse memberships(3000, 40, random), mixes(100, 40, random);
    reranked([&](const auto& candidates, const auto& chosen) {
        rerank_calibrated(candidates, memberships.view(), mixes.view(), 0.5F, one_thread, chosen);
    });
}

const std::map<std::string, std::function<void()>> kernels{
    {"top-k", [] { top_k(false); }},
    {"top-k, indexed", [] { top_k(true); }},
    {"index", index},
    {"als, cg", [] { als(AlsSolver::conjugate_gradient); }},
    {"als, exact", [] { als(AlsSolver::exact); }},
    {"als, subspace", [] { als(AlsSolver::subspace); }},
    {"bpr", bpr},
    {"neighbors", neighbors},
    {"neighbors, counted", [] { counted_neighbors(300, 3000); }},
    {"neighbors, mutual", [] { counted_neighbors(4000, 100); }},
    {"elastic net", elastic_net},
    {"ridge", ridge},
    {"explain, als", explained_als},
    {"explain, sums", explained_sums},
    {"sparse lists", sparse_lists},
    {"metrics", metrics},
    {"grouping", grouping},
    {"re-rank, mmr", [] { diverse(rerank_mmr); }},
    {"re-rank, dpp", [] { diverse(rerank_dpp); }},
    {"re-rank, calibration", calibrated},
};

}  // namespace

int main(int count, char** arguments) {
    if (count == 1) {  // their names, a line each
        for (const auto& [name, run] : kernels) std::puts(name.c_str());
        return 0;
    }
    kernels.at(arguments[1])();
}
