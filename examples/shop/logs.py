"""The logs that the example can read: one that it makes itself, and two real ones.

Each reader returns a `Log`: events and a catalogue with columns of the same names, and what the
shop knows of itself. For your own shop, write one more such function and name it in `READERS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import pyrec
from pyrec.data.catalogue import Catalogue
from pyrec.preparation.cleaning import CleaningRules


@dataclass(frozen=True)
class Log:
    """What a shop has.

    Parameters
    ----------
    events : Events
        Who did what, when.
    catalogue : Catalogue
        ``title``, ``category`` and ``price`` of items, how many are in ``stock``, and where the
        shop has such ``brand``, ``valid_from`` and ``valid_until``.
    cleaning : CleaningRules
        What is no interest of anybody in anything.
    repeatable : tuple of str
        Categories of what is bought again.
    kinds : dict of str to float, optional
        What each kind of event says of interest, where there are several.
    target : str, optional
        The kind of event to foresee.
    """

    events: pyrec.Events
    catalogue: Catalogue
    cleaning: CleaningRules
    repeatable: tuple[str, ...] = ()
    kinds: dict[str, float] | None = None
    target: str | None = None


def simulated(folder: Path, users: int = 1500, items: int = 600) -> Log:
    """Write the files of a shop that does not exist, unless they are there, and read them."""
    folder.mkdir(parents=True, exist_ok=True)
    events, items_ = folder / "events.parquet", folder / "items.parquet"
    if not items_.exists():
        shop = pyrec.simulate_shop(users=users, items=items, days=120)
        pyrec.write_table(_log_columns(shop.events), events)
        pyrec.write_table(_with_stock(shop.catalogue), items_)
    return Log(
        events=pyrec.read_events(
            events, user="user", item="item", event="event", timestamp="time", weight="quantity"
        ),
        catalogue=pyrec.read_items(items_, item="item"),
        cleaning=CleaningRules(returns=True, return_kind="return", purchase_kind="purchase"),
        repeatable=("Coffee & Tea", "Pets", "Beauty"),
        kinds={"view": 1, "addtocart": 3, "purchase": 5},
        target="purchase",
    )


def complete_journey(folder: Path) -> Log:
    """A year of a grocer: what households bought; products with departments and makers."""
    lines, products = folder / "transactions_sample.csv.gz", folder / "products.csv.gz"

    def read(weight: str) -> pyrec.Events:
        return pyrec.read_events(
            lines, user="household_id", item="product_id", timestamp="transaction_timestamp",
            weight=weight, session="basket_id",
        )  # fmt: skip

    events, sales = read("quantity"), read("sales_value")
    named = {"title": "product_type", "category": "department", "brand": "manufacturer_id"}
    table = pyrec.read_items(products, item="product_id", columns=list(named.values()))
    catalogue = _sold(events, {name: _of(table, events, column) for name, column in named.items()})
    quantity, paid = (_sums(log, events.items) for log in (events, sales))
    price = np.divide(paid, quantity, out=np.full(len(paid), np.nan), where=quantity > 0)
    return Log(
        events=events,
        catalogue=Catalogue(catalogue.items, {**catalogue.columns, "price": price.round(2)}),
        cleaning=CleaningRules(positive_weights=True),
        repeatable=("GROCERY", "PRODUCE", "MEAT", "MEAT-PCKGD", "DELI", "PASTRY", "DRUG GM"),
    )


def online_retail(folder: Path) -> Log:
    """A year of a gift shop: invoices; titles and prices are in the log itself."""
    file = folder / "online_retail.csv.gz"
    events = pyrec.read_events(
        file, user="CustomerID", item="StockCode", timestamp="InvoiceDate", weight="Quantity",
        session="InvoiceNo",
    )  # fmt: skip
    table = pyrec.read_items(file, item="StockCode", columns=["Description", "UnitPrice"])
    titles = _of(table, events, "Description")
    price = np.array([float(text or "nan") for text in _of(table, events, "UnitPrice")])
    columns = {"title": titles, "category": _last_words(titles), "price": price}
    return Log(
        events=events,
        catalogue=_sold(events, columns),
        cleaning=CleaningRules(item_pattern="[0-9]{5}.*", returns=True, positive_weights=True),
    )


READERS: dict[str, Callable[[Path], Log]] = {
    "simulated": simulated,
    "complete_journey": complete_journey,
    "online_retail": online_retail,
}


def _log_columns(events: pyrec.Events) -> dict[str, Any]:
    return {
        "user": events.users.decode(events.user_rows),
        "item": events.items.decode(events.item_rows),
        "event": np.array(events.kind_names)[events.kinds],
        "time": events.timestamps.view("datetime64[us]"),
        "quantity": events.weights_or_ones(),
    }


def _with_stock(catalogue: Catalogue) -> dict[str, Any]:
    """Return the columns of a file: makers, what is left of each product, and when it is sold."""
    n, rng = len(catalogue), np.random.default_rng(0)
    season = rng.random(n)
    titles = catalogue.columns["title"].tolist()
    return {
        "item": catalogue.items.ids,
        "title": catalogue.columns["title"],
        "category": catalogue.columns["category"],
        "price": catalogue.columns["price"],
        "brand": np.array([title.split()[0] for title in titles]),
        "stock": np.maximum(rng.normal(12, 10, n), 0).astype(np.int64),
        "valid_from": np.where(season < 0.05, "2024-12-01", ""),
        "valid_until": np.where(season > 0.95, "2024-06-01", ""),
    }


def _sold(events: pyrec.Events, columns: dict[str, Any], days: int = 60) -> Catalogue:
    """Return the catalogue of what a log has; what was sold lately is taken to be in stock."""
    since = events.timestamps.max() - days * 86_400_000_000
    lately = events.item_rows[events.timestamps >= since]
    stock = np.bincount(lately, minlength=len(events.items)).astype(np.float64)
    return Catalogue(events.items, {**columns, "stock": stock})


def _of(table: Catalogue, events: pyrec.Events, column: str) -> Any:
    """Return a column of a table for the items of a log, empty where the table lacks one."""
    ids = events.items.ids
    if ids.dtype.kind != table.items.ids.dtype.kind:  # one file has numbers only, the other not
        ids = ids.astype(str)
    at = table.items.encode(ids, missing="mark")
    return np.where(at < 0, "", table.columns[column][at])


def _sums(log: pyrec.Events, items: pyrec.Vocabulary) -> Any:
    rows = items.encode(log.items.ids)[log.item_rows]
    return np.bincount(rows, log.weights_or_ones(), minlength=len(items))


def _last_words(titles: Any) -> Any:
    """Return what things are, which English says last: BAG, HOLDER; nothing for a rare word."""
    words = [title.split()[-1] if title.split() else "" for title in titles.tolist()]
    counts = {word: words.count(word) for word in set(words)}
    return np.array([word if counts[word] >= 10 else "" for word in words])
