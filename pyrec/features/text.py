"""Text: the words of a column, in any script, weighed by how much they tell."""

from functools import cache
from typing import Annotated, Any, Literal

import numpy as np
import scipy.sparse as sp
from msgspec import Meta

from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.extras import need
from pyrec.features.encodings import Arrays, Encoded, Known, Step, refuse_missing, told
from pyrec.features.values import texts

__all__ = ["Text"]

# Scripts that put no space between words: Thai, Lao, Myanmar, Khmer, kana and Chinese characters.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# What else words are made of: vowel signs of Indic, Arabic and Hebrew script are no letters to
# Python, and would cut words into pieces.
_MARKS = r"\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u200c\u200d"
_SPACED = rf"(?:(?![{_UNSPACED}])[\w{_MARKS}])"


class Text(Step, frozen=True, kw_only=True, tag="text"):
    """TF-IDF of words: one column for each, rows of length 1.

    A word is what stands between spaces and punctuation, two letters at least. Scripts without
    spaces give every two neighbouring characters instead, which find what words would (Nie, Gao,
    Zhang, Zhou: On the use of words and n-grams for Chinese information retrieval, IRAL 2000).
    Scripts may be mixed. Capitals do not matter.

    Parameters
    ----------
    column : str
        The texts.
    max_features : int, default 20000
        How many words at most: the most frequent.
    min_df : int, default 2
        How many texts must have a word for it to count.
    missing : {"zero", "indicator", "error"}
        See `OneHot`.

    Examples
    --------
    >>> from pyrec import Vocabulary
    >>> from pyrec.data.catalogue import Catalogue
    >>> shop = Catalogue(Vocabulary([1, 2]), {"title": np.array(["Red Mug", "red 茶杯子"])})
    >>> step = Text(column="title", min_df=1)
    >>> encoded = step.encode(Known(shop), step.fit(Known(shop)))
    >>> encoded.names
    ('title:mug', 'title:red', 'title:杯子', 'title:茶杯')
    >>> encoded.matrix.toarray().astype(float).round(2).tolist()[0]
    [0.81, 0.58, 0.0, 0.0]
    """

    column: str
    max_features: Annotated[int, Meta(ge=1)] = 20_000
    min_df: Annotated[int, Meta(ge=1)] = 2
    missing: Literal["zero", "indicator", "error"] = "zero"

    def fit(self, known: Known) -> Arrays:
        """Return the words and their inverse document frequencies."""
        found = texts(known.table, self.column)
        vectorizer = _vectorizer(max_features=self.max_features, min_df=self.min_df)
        try:
            vectorizer.fit(found.tolist())
        except ValueError:  # after which sklearn advises options that are not ours
            raise DataError(
                f"column {self.column!r}: no word is in {self.min_df} of {len(found)} texts; "
                "leave the step out or lower min_df"
            ) from None
        words = Vocabulary(vectorizer.get_feature_names_out().astype(np.dtypes.StringDType()))
        return {**words.to_arrays(), "idf": vectorizer.idf_.astype(np.float32)}

    def encode(self, known: Known, arrays: Arrays) -> Encoded:
        """Return the weights of the words in each text."""
        found = texts(known.table, self.column)
        words = Vocabulary.from_arrays(arrays).ids.tolist()
        without = np.flatnonzero(found == "")
        refuse_missing(self, self.column, known.table, without)
        vectorizer = _vectorizer(vocabulary=words)
        vectorizer.idf_ = np.asarray(arrays["idf"])
        # sklearn takes no empty list.
        weights = vectorizer.transform(found.tolist()) if len(found) else (0, len(words))
        matrix = sp.csr_array(weights, dtype=np.float32)
        unknown = int(np.count_nonzero(np.diff(matrix.indptr) == 0)) - len(without)
        names = [f"{self.column}:{word}" for word in words]
        if self.missing == "indicator":
            flag = sp.csr_array((found == "").astype(np.float32)[:, None])
            matrix = sp.hstack([matrix, flag], format="csr")
            names.append(f"{self.column}: missing")
        counts = {"missing": len(without), "without known words": unknown}
        return Encoded(matrix, tuple(names), told(self.column, **counts))


def _vectorizer(**options: Any) -> Any:
    sklearn = need("sklearn.feature_extraction.text", "text", "'pyrec[features]'")
    return sklearn.TfidfVectorizer(dtype=np.float32, token_pattern=_words(), **options)


@cache
def _words() -> str:
    """Return the pattern of a word: looking ahead, so that pairs of characters may overlap."""
    pair = f"[{_UNSPACED}]{{2}}"
    alone = f"(?<![{_UNSPACED}])[{_UNSPACED}](?![{_UNSPACED}])"
    word = f"(?<!{_SPACED}){_SPACED}{{2,}}"
    return f"(?=({pair}|{alone}|{word}))"
