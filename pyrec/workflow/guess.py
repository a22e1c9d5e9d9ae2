"""Guess which column of a log is what, from the names that shops give them. Every guess is told."""

import re
from collections.abc import Iterable, Mapping, Sequence

from pyrec.errors import ConfigError

__all__ = ["ROLES", "guess_columns", "guess_event_weights", "guess_target"]

# Names without case and punctuation, the likelier ones first.
_COLUMNS = {
    "user": (
        "userid", "user", "visitorid", "visitor", "customerid", "customer", "clientid", "client",
        "memberid", "member", "buyerid", "shopperid", "accountid", "householdid", "household",
        "personid", "reviewerid", "uid",
    ),
    "item": (
        "itemid", "item", "productid", "product", "articleid", "article", "stockcode", "sku",
        "skuid", "goodsid", "offerid", "movieid", "movie", "bookid", "isbn", "asin", "trackid",
        "songid", "newsid", "contentid", "iid", "pid",
    ),
    "event": (
        "event", "eventtype", "eventname", "behavior", "behaviour", "behaviortype",
        "behaviourtype", "action", "actiontype", "interaction", "interactiontype", "activity",
        "kind", "type",
    ),
    "timestamp": (
        "timestamp", "eventtime", "eventtimestamp", "time", "datetime", "date", "ts", "createdat",
        "occurredat", "unixtime", "unixtimestamp", "unixreviewtime", "transactiontimestamp",
        "invoicedate", "orderdate", "purchasedate", "eventdate", "reviewdate", "timeframe", "day",
    ),
    "weight": ("weight", "rating", "stars", "overall", "quantity", "qty", "count", "playcount"),
    "session": (
        "sessionid", "session", "visitid", "basketid", "basket", "orderid", "invoiceno",
        "invoiceid", "invoice",
    ),
}  # fmt: skip

ROLES = tuple(_COLUMNS)
"""What a column of a log can be."""

_KINDS = {
    5.0: ("purchase", "buy", "transaction", "order", "checkout", "sale", "bought", "paid"),
    3.0: ("cart", "basket", "fav", "wish", "like", "bookmark", "save"),
    1.0: ("view", "click", "pv", "visit", "detail", "impression", "search", "open", "read"),
    0.0: ("return", "refund", "cancel", "remove"),
}


def guess_columns(names: Sequence[str], given: Mapping[str, str | None] = {}) -> dict[str, str]:
    """Return the column of each role, as far as it is given or its name gives it away.

    Parameters
    ----------
    names : sequence of str
        The columns that the log has.
    given : mapping
        Role to column: what is known already; None where it is not.

    Returns
    -------
    dict
        Roles ``user`` and ``item``, and those of ``event``, ``timestamp``, ``weight`` and
        ``session`` that were found.

    Raises
    ------
    ConfigError
        If the users or the items cannot be found; lists the columns.

    Examples
    --------
    >>> guess_columns(["InvoiceDate", "CustomerID", "StockCode", "Country"])
    {'user': 'CustomerID', 'item': 'StockCode', 'timestamp': 'InvoiceDate'}
    """
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(names)}
    found = {}
    for role, likely in _COLUMNS.items():
        column = given.get(role) or next((plain[name] for name in likely if name in plain), None)
        if column is not None:
            found[role] = column
        elif role in ("user", "item"):
            hint = ""
            if any(re.fullmatch(r"[\d.:-]+", name) for name in names):
                hint = "; or is the first line no header? --no-header names columns 0, 1, ..."
            raise ConfigError(
                f"{role}: cannot tell which column has the {role}s; name it by --{role} (the "
                f"columns are {', '.join(names)}){hint}"
            )
    return found


def guess_event_weights(kinds: Iterable[str]) -> dict[str, float]:
    """Return a weight for each kind of event: 5 for purchases, 3 for carts, 1 for views and others.

    Returns and cancellations weigh 0, that is, they are left out.

    Examples
    --------
    >>> guess_event_weights(["view", "addtocart", "transaction"])
    {'view': 1.0, 'addtocart': 3.0, 'transaction': 5.0}
    """
    return {kind: _weight(kind) for kind in kinds}


def guess_target(kinds: Iterable[str]) -> str | None:
    """Return the kind of event to judge on: the purchases, if there are any.

    Examples
    --------
    >>> guess_target(["pv", "cart", "buy"])
    'buy'
    """
    return next((kind for kind in kinds if _weight(kind) == max(_KINDS)), None)


def _weight(kind: str) -> float:
    # Returns first: "return_purchase" is no purchase; then the strongest.
    for weight in (0.0, 3.0, 5.0, 1.0):
        if any(part in kind.lower() for part in _KINDS[weight]):
            return weight
    return 1.0
