"""What `published.py` tries on each set: a few well-placed configurations of every model."""

import pyrec

# Rows of Rendle et al. 2022: the penalty grows with the number of pairs.
IALS = {"regularization_exponent": 1}
# Of normalised EASE, on MovieLens-1M the best exponents of a grid.
NORMAL = {"user_exponent": 0.5, "item_exponent": 0.25}
# The ideal low-pass filter of GF-CF, its exponents a little lower.
LOW_PASS = {"user_exponent": 0.6, "item_exponent": 0.45}
# Better where items are many.
SPARSE = pyrec.SparseEASE(neighbors=300, regularization=150, user_exponent=0.5, item_exponent=0.1)
# The plain measure of Sarwar et al. 2001, and the decomposition of Cremonesi et al. 2010.
COSINE = {"metric": "cosine", "shrink": 0}
PURE = {"user_exponent": 0, "item_exponent": 0}
# Walks that keep the neighbours of targets, as the code of Ferrari Dacrema et al. does.
WALK = {"neighbors_of": "target", "normalize": True}


def graph(*exponents, neighbors=2000):
    user, source, target = exponents
    return pyrec.GraphFilter(
        neighbors=neighbors, user_exponent=user, source_exponent=source, target_exponent=target
    )


def als(factors, unobserved_weight, regularization, iterations=6, **others):
    return pyrec.ALS(
        factors=factors,
        unobserved_weight=unobserved_weight,
        regularization=regularization,
        iterations=iterations,
        **IALS,
        **others,
    )


def bpr(factors, candidates, learning_rate, regularization):
    return pyrec.BPR(
        factors=factors,
        candidates=candidates,
        learning_rate=learning_rate,
        regularization=regularization,
    )


def neighbours():
    """Models of neighbourhoods and walks: the same few on every set."""
    return {
        "popularity": [pyrec.Popularity()],
        "item_knn": [
            pyrec.ItemKNN(neighbors=200, **COSINE),
            pyrec.ItemKNN(neighbors=200, weighting="bm25", **COSINE),
            pyrec.ItemKNN(neighbors=200, alpha=0.4, shrink=0),
            pyrec.ItemKNN(neighbors=100, normalize=True, **COSINE),
            pyrec.ItemKNN(neighbors=100, alpha=0.4, shrink=0, normalize=True),
        ],
        "user_knn": [
            pyrec.UserKNN(neighbors=200),
            pyrec.UserKNN(neighbors=500),
            pyrec.UserKNN(neighbors=100, metric="asymmetric", alpha=0.2, weighting="tfidf"),
        ],
        "rp3beta": [
            *(
                pyrec.RP3Beta(neighbors=neighbors, alpha=0.6, beta=beta, **WALK)
                for neighbors, beta in [(100, 0.2), (300, 0.2), (300, 0.4)]
            ),
            pyrec.RP3Beta(neighbors=500, alpha=0.8, beta=0.4),
            pyrec.RP3Beta(neighbors=2000, alpha=0.8, beta=0.4),
            pyrec.RP3Beta(neighbors=500, alpha=1.0, beta=0.6),
        ],
        "p3alpha": [
            pyrec.P3Alpha(neighbors=500, alpha=0.8),
            pyrec.P3Alpha(neighbors=500, alpha=1.2),
            pyrec.P3Alpha(neighbors=100, alpha=0.6, **WALK),
            pyrec.P3Alpha(neighbors=300, alpha=0.6, **WALK),
        ],
    }


def factors(*ranks):
    """Classical factor models."""
    return {
        "pure_svd": [
            *(pyrec.PureSVD(factors=rank, **PURE) for rank in ranks),
            *(pyrec.PureSVD(factors=rank, **LOW_PASS) for rank in ranks),
        ],
    }


def sparse_linear():
    """Linear models over candidate neighbours."""
    return {
        "slim": [pyrec.SLIM(l1=1, l2=30), pyrec.SLIM(l1=0.3, l2=100)],
        "sparse_ease": [
            pyrec.SparseEASE(regularization=30, **NORMAL),
            pyrec.SparseEASE(regularization=100, **NORMAL),
            pyrec.SparseEASE(regularization=300),
            pyrec.SparseEASE(neighbors=500, regularization=1000, **NORMAL),
        ],
        "user_slim": [
            pyrec.UserSLIM(),
            pyrec.UserSLIM(l2=100),
            pyrec.UserSLIM(neighbors=400, l1=0.3),
            pyrec.UserSLIM(neighbors=800, l1=1, l2=100),
        ],
    }


def linear():
    """Linear models over all items, for small catalogues."""
    return {
        "ease": [pyrec.EASE(regularization=200), pyrec.EASE(regularization=500),
                 pyrec.EASE(regularization=1000)],
        "normalised_ease": [
            pyrec.EASE(regularization=100, **NORMAL),
            pyrec.EASE(regularization=300, **NORMAL),
            pyrec.EASE(regularization=1000, **NORMAL),
        ],
    }  # fmt: skip


GRIDS = {
    "gowalla": {
        **neighbours(),
        **factors(128, 512),
        "pure_svd": [
            *factors(128, 512)["pure_svd"],
            pyrec.PureSVD(factors=1024, passes=4, **LOW_PASS),
        ],
        "bpr": [bpr(128, 32, 0.2, 0.03), bpr(128, 8, 0.2, 0.03)],
        **sparse_linear(),
        "slim": [
            pyrec.SLIM(neighbors=200, l1=0, l2=30, user_exponent=0.25),
            pyrec.SLIM(l1=1, l2=30),
        ],
        "sparse_ease": [SPARSE, pyrec.SparseEASE(regularization=100, **NORMAL)],
        "graph_filter": [graph(0.6, 0.5, 0.4), graph(0.5, 0.5, 0.4)],
        "als": [
            als(256, 0.01, 0.002),
            als(512, 0.01, 0.002),
            als(1024, 0.01, 0.002),
            als(1024, 0.01, 0.002, item_exponent=0.35),
        ],
    },
    "yelp2018": {
        **neighbours(),
        **factors(64, 256, 512),
        "bpr": [bpr(128, 32, 0.2, 0.03), bpr(128, 8, 0.2, 0.03)],
        **sparse_linear(),
        "sparse_ease": [
            SPARSE,
            pyrec.SparseEASE(regularization=300),
        ],
        "graph_filter": [graph(0.5, 0.55, 0.5), graph(0.6, 0.5, 0.5)],
        "als": [als(128, 0.02, 0.003), als(256, 0.02, 0.003), als(512, 0.02, 0.004)],
    },
    "movielens1m_m1": {
        **neighbours(),
        **factors(32, 64, 96),
        "bpr": [bpr(64, 4, 0.1, 0.02), bpr(64, 8, 0.1, 0.02), bpr(128, 4, 0.1, 0.02)],
        "graph_filter": [graph(0.5, 1.0, 0.5, neighbors=50), graph(0.5, 0.5, 0.5)],
        "als": [
            als(64, 0.1, 0.01, 8),
            als(64, 0.2, 0.01, 8),
            als(128, 0.2, 0.013, 8),
            als(128, 0.3, 0.015, 8),
            als(64, 0.2, 0.006, 8),
            als(64, 0.2, 0.003, 8),
            als(128, 0.3, 0.006, 12),
            als(128, 0.3, 0.003, 12),
            als(256, 0.3, 0.006, 12),
        ],
        **sparse_linear(),
        "slim": [
            pyrec.SLIM(l1=0.3, l2=100),
            pyrec.SLIM(l1=0, l2=100, user_exponent=0.5),
            pyrec.SLIM(l1=0, l2=200, user_exponent=0.5),
        ],
        **linear(),
        "normalised_ease": [
            pyrec.EASE(regularization=1000, **NORMAL),
            pyrec.EASE(regularization=2000, **NORMAL),
            pyrec.EASE(regularization=4000, **NORMAL),
            pyrec.EASE(regularization=2000, user_exponent=0.7, item_exponent=0.25),
            pyrec.EASE(regularization=2000, user_exponent=0.5, item_exponent=0.35),
            pyrec.EASE(regularization=2000, user_exponent=0.3, item_exponent=0.15),
        ],
    },
    "amazonelectronics_m1": {
        **neighbours(),
        **factors(16, 32, 64),
        "bpr": [bpr(64, 2, 0.1, 0.1), bpr(128, 2, 0.1, 0.1), bpr(256, 2, 0.1, 0.1)],
        "graph_filter": [graph(0.6, 0.55, 0.5), graph(0.5, 0.5, 0.5), graph(0.7, 0.6, 0.4)],
        "als": [als(64, 0.1, 0.03, 8), als(64, 0.03, 0.03, 8), als(32, 0.1, 0.03, 8)],
        **sparse_linear(),
        **linear(),
    },
    "ml-1m-ncf": {
        **neighbours(),
        "user_knn": [
            *neighbours()["user_knn"],
            pyrec.UserKNN(neighbors=60, metric="asymmetric", alpha=0.4, shrink=30),
        ],
        **factors(32, 64),
        "bpr": [bpr(64, 2, 0.1, 0.02), bpr(64, 4, 0.1, 0.02), bpr(128, 4, 0.1, 0.02)],
        "graph_filter": [graph(0.5, 0.5, 0.5)],
        "als": [
            als(128, 0.3, 0.007, 12),
            als(192, 0.3, 0.007, 12),
            als(128, 0.3, 0.007, 12, item_exponent=0.25),
        ],
        **sparse_linear(),
        "sparse_ease": [
            pyrec.SparseEASE(regularization=300),
            pyrec.SparseEASE(neighbors=500, regularization=1000, **NORMAL),
        ],
        **linear(),
        "normalised_ease": [
            pyrec.EASE(regularization=300, **NORMAL),
            pyrec.EASE(regularization=1000, **NORMAL),
        ],
    },
}
