import numpy as np

from pyrec.simulation.products import CATEGORIES, NOUNS, make_products


def test_every_category_has_words_enough():
    for category in CATEGORIES:
        assert len(category.nouns) == len(set(category.nouns)) == NOUNS
        assert len(set(category.adjectives)) >= 7
        assert len(set(category.variants)) >= 6


def test_products_cost_what_their_tier_says():
    products = make_products(4000, np.random.default_rng(0))
    same = (products.category == products.category[0]) & (products.noun == products.noun[0])
    assert np.corrcoef(np.log(products.price[same]), products.tier[same])[0, 1] > 0.95
    noun = CATEGORIES[products.category[0]].nouns[products.noun[0]]
    assert all(noun in title for title in products.title[same])
