"""Reasons in words: "because you bought A and viewed B", in English and Chinese."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from pyrec.data.interactions import Interactions
from pyrec.data.ranking import Explanations
from pyrec.errors import ConfigError

__all__ = ["sentences"]

# What a kind of event is called if its name contains one of the words, the strongest first.
_VERBS = {
    "en": {
        ("buy", "purchas", "transaction", "order"): "bought",
        ("cart", "basket"): "put {} into your cart",
        ("fav", "wish", "like", "bookmark", "save"): "liked",
        ("rat", "review"): "rated",
        ("view", "click", "pv", "visit"): "viewed",
    },
    "zh": {
        ("buy", "purchas", "transaction", "order"): "购买过",
        ("cart", "basket"): "把{}加入过购物车",
        ("fav", "wish", "like", "bookmark", "save"): "收藏过",
        ("rat", "review"): "评价过",
        ("view", "click", "pv", "visit"): "浏览过",
    },
}
_OTHER = {"en": "had", "zh": "选择过"}


def sentences(
    explanations: Explanations,
    interactions: Interactions,
    titles: Mapping[Any, str] | None = None,
    *,
    language: Literal["en", "zh"] = "en",
    verbs: Mapping[str, str] | None = None,
) -> list[list[str]]:
    """Say of each item of each list why it is there.

    Parameters
    ----------
    explanations : Explanations
        From `Explains.explain_batch`.
    interactions : Interactions
        What the model was trained on: which kinds of event users had with items. Where a pair had
        several, the strongest is told: purchases, carts, likes, ratings, views, others.
    titles : mapping of id to str, optional
        Such as `Catalogue.titles`; an item without one is called by its id.
    language : {"en", "zh"}
        English or Chinese.
    verbs : mapping of str to str, optional
        What kinds of event are called, instead of what their names suggest; with a ``{}`` for the
        items if they do not come last.

    Returns
    -------
    list of list of str
        A sentence for each item that has reasons; "" for one that nothing speaks for.

    Raises
    ------
    ConfigError
        For another language.

    Examples
    --------
    >>> import pyrec
    >>> log = pyrec.Events.from_ids(
    ...     users=["u", "u", "v", "v", "v"], items=["tea", "cup", "tea", "cup", "pot"],
    ...     kinds=["buy", "view", "buy", "buy", "buy"])
    >>> model = pyrec.ItemKNN().fit(log)
    >>> why = model.explain_batch(["u"], [["pot"]])
    >>> sentences(why, model.interactions)
    [['because you viewed cup and bought tea']]
    >>> sentences(why, model.interactions, {"tea": "茶", "cup": "杯子"}, language="zh")
    [['因为您浏览过“杯子”，购买过“茶”']]
    """
    if language not in _VERBS:
        raise ConfigError(f"language: must be 'en' or 'zh', not {language!r}")
    words = _Words(interactions, titles or {}, language, verbs or {})
    users = interactions.users.encode(explanations.users)
    return [
        [
            words.sentence(int(user), why[added > 0].tolist())
            for why, added in zip(reasons, parts, strict=True)
        ]
        for user, reasons, parts in zip(
            users, explanations.rows, explanations.contributions, strict=True
        )
    ]


class _Words:
    """What kinds and items are called."""

    def __init__(
        self,
        interactions: Interactions,
        titles: Mapping[Any, str],
        language: str,
        verbs: Mapping[str, str],
    ) -> None:
        self.interactions, self.titles, self.language = interactions, titles, language
        names = interactions.kind_names
        self.verbs = [verbs.get(name) or _verb(name, language) for name in names]
        self.strongest_first = sorted(range(len(names)), key=lambda kind: _strength(names[kind]))

    def sentence(self, user: int, items: list[int]) -> str:
        """Say that the user had the items, the largest contribution first."""
        by_verb: dict[str, list[str]] = {}  # items of one verb are told together
        for item in items:
            by_verb.setdefault(self._kind(user, item), []).append(self._title(item))
        clauses = [self._clause(verb, titles) for verb, titles in by_verb.items()]
        if not clauses:
            return ""
        if self.language == "zh":
            return "因为您" + "，".join(clauses)  # noqa: RUF001
        return "because you " + " and ".join(clauses)

    def _clause(self, verb: str, titles: list[str]) -> str:
        if self.language == "zh":
            listed = "、".join(f"“{title}”" for title in titles)
        else:
            listed = ", ".join(titles[:-1]) + " and " * (len(titles) > 1) + titles[-1]
        if "{}" in verb:
            return verb.replace("{}", listed)
        return f"{verb}{listed}" if self.language == "zh" else f"{verb} {listed}"

    def _kind(self, user: int, item: int) -> str:
        """Return the verb of the strongest kind that a pair had."""
        kinds, csr = self.interactions.kinds, self.interactions.csr
        if kinds is not None:
            begin, end = csr.offsets[user : user + 2]
            bits = int(kinds[begin + np.searchsorted(csr.columns[begin:end], item)])
            for kind in self.strongest_first:
                if bits >> kind & 1:
                    return self.verbs[kind]
        return _OTHER[self.language]

    def _title(self, item: int) -> str:
        id_ = self.interactions.items.decode(item)
        return str(self.titles.get(id_, id_))


def _strength(kind: str) -> int:
    """Return the place of a kind among verbs, the strongest first."""
    for place, parts in enumerate(_VERBS["en"]):
        if any(part in kind.lower() for part in parts):
            return place
    return len(_VERBS["en"])


def _verb(kind: str, language: str) -> str:
    return [*_VERBS[language].values(), _OTHER[language]][_strength(kind)]
