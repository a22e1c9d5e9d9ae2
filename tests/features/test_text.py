import numpy as np
import pytest

from pyrec import Vocabulary
from pyrec.data.catalogue import Catalogue
from pyrec.errors import DataError, MissingPackageError
from pyrec.features import text
from pyrec.features.encodings import Known
from pyrec.features.text import Text


def known(texts):
    column = np.array(texts, np.dtypes.StringDType())
    return Known(Catalogue(Vocabulary.range(len(texts)), {"t": column}))


def words(written):
    step = Text(column="t", min_df=1)
    names = step.encode(known([written]), step.fit(known([written]))).names
    return {name.removeprefix("t:") for name in names}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Red MUG, 330ml a", {"red", "mug", "330ml"}),
        ("Çay bardağı", {"çay", "bardağı"}),  # noqa: RUF001
        ("Красная кружка", {"красная", "кружка"}),
        ("ceașcă café", {"ceașcă", "café"}),
        ("लाल चाय का प्याला", {"लाल", "चाय", "का", "प्याला"}),
        ("كوب أحمر", {"كوب", "أحمر"}),
        ("빨간 머그컵", {"빨간", "머그컵"}),
        ("红色茶杯", {"红色", "色茶", "茶杯"}),
        ("マグカップ", {"マグ", "グカ", "カッ", "ップ"}),
        ("ถ้วย", {"ถ้", "้ว", "วย"}),
        ("Nike跑鞋 大 42", {"nike", "跑鞋", "大", "42"}),
    ],
)
def test_words_of_many_scripts(written, found):
    assert words(written) == found


def test_weights_are_those_of_tf_idf():
    titles = ["red mug", "red red cup", "", "blue unknown"]
    step = Text(column="t", min_df=1)
    arrays = step.fit(known(titles[:3]))
    found = step.encode(known(titles), arrays)
    assert found.names == ("t:cup", "t:mug", "t:red")
    # Of three texts, the empty one included, "red" is in two: ln(4 / 3) + 1, the others in one.
    often, once = np.log(4 / 3) + 1, np.log(4 / 2) + 1
    rows = np.array([[0, once, often], [once, 0, 2 * often], [0, 0, 0], [0, 0, 0]])
    norms = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
    assert found.matrix.toarray() == pytest.approx(rows / norms, abs=1e-6)
    assert found.matrix.dtype == np.float32
    assert found.counts == {"t: missing": 1, "t: without known words": 1}


def test_the_most_frequent_words_are_kept():
    titles = ["tea cup", "tea pot", "tea cup lid"]
    assert Text(column="t", min_df=1, max_features=2).fit(known(titles))["idf"].shape == (2,)
    step = Text(column="t", min_df=3)
    assert step.encode(known(titles), step.fit(known(titles))).names == ("t:tea",)


def test_missing_texts():
    titles = ["tea", ""]
    step = Text(column="t", min_df=1, missing="indicator")
    found = step.encode(known(titles), step.fit(known(titles)))
    assert found.names == ("t:tea", "t: missing")
    assert found.matrix.toarray().tolist() == [[1, 0], [0, 1]]
    strict = step.replace(missing="error")
    with pytest.raises(DataError, match="column 't': 1 of 2 values are missing, the first of 1"):
        strict.encode(known(titles), step.fit(known(titles)))


@pytest.mark.parametrize("titles", [["tea", "cup"], ["", ""]])
def test_texts_without_a_common_word_are_an_error(titles):
    with pytest.raises(DataError, match="column 't': no word is in 2 of 2 texts"):
        Text(column="t").fit(known(titles))


def test_without_scikit_learn_the_message_says_what_to_install(monkeypatch):
    def need(package, purpose, install):
        raise MissingPackageError(f"{purpose} needs {package}: pip install {install}")

    monkeypatch.setattr(text, "need", need)
    with pytest.raises(MissingPackageError, match=r"pip install 'pyrec\[features\]'"):
        Text(column="t").fit(known(["tea"]))
