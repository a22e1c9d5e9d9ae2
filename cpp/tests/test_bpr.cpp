#include "pyrec/bpr.hpp"

#include <cmath>
#include <numeric>
#include <vector>

#include "check.hpp"

namespace {

// Users who had every item of their own parity but a few, with factors of small different numbers.
struct Shop {
    static constexpr std::int64_t users = 60, items = 400, factors = 65;
    static constexpr pyrec::BprOptions options = {0.05F, 0.01F, 4, 7};
    std::vector<std::int64_t> offsets = {0};
    std::vector<std::int32_t> columns;
    std::vector<float> ones, user_factors, item_factors;

    Shop() : user_factors(users * factors), item_factors(items * factors) {
        for (std::int32_t user = 0; user < users; ++user) {
            for (std::int32_t item = user % 2; item < items; item += 2) {
                if ((item + user) % 5 != 0) columns.push_back(item);
            }
            offsets.push_back(std::ssize(columns));
        }
        ones.assign(columns.size(), 1.0F);
        for (std::size_t i = 0; i < user_factors.size(); ++i) {
            user_factors[i] = 0.1F * std::sin(static_cast<float>(i));
        }
        for (std::size_t i = 0; i < item_factors.size(); ++i) {
            item_factors[i] = 0.1F * std::cos(static_cast<float>(i));
        }
    }

    pyrec::CsrView<const float> view() const { return {offsets, columns, ones, items}; }

    void train(std::int64_t epochs, int threads) {
        for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
            pyrec::bpr_epoch(view(), epoch, options, {threads},
                             {user_factors.data(), users, factors},
                             {item_factors.data(), items, factors});
        }
    }
};

float score(const float* user, const float* item) {
    return std::inner_product(user, user + Shop::factors, item, 0.0F);
}

TEST(what_users_like_comes_first) {
    Shop shop;
    shop.train(20, 1);
    int right = 0;
    for (std::size_t user = 0; user < Shop::users; ++user) {
        const float* factors = shop.user_factors.data() + user * Shop::factors;
        const float* same = shop.item_factors.data() + (200 + user % 2) * Shop::factors;
        const float* other = shop.item_factors.data() + (201 - user % 2) * Shop::factors;
        right += score(factors, same) > score(factors, other);
    }
    CHECK(right > 55);
}

TEST(threads_change_nothing) {
    Shop one, many;
    one.train(3, 1);
    many.train(3, 7);
    CHECK(one.user_factors == many.user_factors);
    CHECK(one.item_factors == many.item_factors);
}

TEST(a_row_folded_in_does_not_depend_on_the_others) {
    Shop shop;
    shop.train(5, 1);
    const pyrec::DenseView<const float> items{shop.item_factors.data(), Shop::items, Shop::factors};
    std::vector<float> all(Shop::users * Shop::factors), last(Shop::factors);
    pyrec::bpr_fold_in(shop.view(), items, 5, Shop::options, {3},
                       {all.data(), Shop::users, Shop::factors});
    const std::vector<std::int64_t> offsets = {0, shop.offsets[60] - shop.offsets[59]};
    const std::vector<std::int32_t> columns(shop.columns.begin() + shop.offsets[59],
                                            shop.columns.end());
    pyrec::bpr_fold_in({offsets, columns, shop.ones, Shop::items}, items, 5, Shop::options, {1},
                       {last.data(), 1, Shop::factors});
    CHECK(std::equal(last.begin(), last.end(), all.end() - Shop::factors));
}

TEST(who_had_everything_learns_nothing) {
    const std::vector<std::int64_t> offsets = {0, 2};
    const std::vector<std::int32_t> columns = {0, 1};
    const std::vector<float> ones = {1, 1};
    std::vector<float> user = {1, 2}, items = {1, 0, 0, 1};
    pyrec::bpr_epoch({offsets, columns, ones, 2}, 0, {0.5F, 0, 4, 0}, {1}, {user.data(), 1, 2},
                     {items.data(), 2, 2});
    CHECK((user == std::vector<float>{1, 2}));
}

}  // namespace
