import pytest

from pyrec.errors import ConfigError
from pyrec.workflow.guess import guess_columns, guess_event_weights, guess_target


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ["timestamp", "visitorid", "event", "itemid"],
            {"user": "visitorid", "item": "itemid", "event": "event", "timestamp": "timestamp"},
        ),
        (
            ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "CustomerID"],
            {"user": "CustomerID", "item": "StockCode", "timestamp": "InvoiceDate",
             "weight": "Quantity", "session": "InvoiceNo"},
        ),
        (
            ["household_id", "basket_id", "product_id", "transaction_timestamp"],
            {"user": "household_id", "item": "product_id", "session": "basket_id",
             "timestamp": "transaction_timestamp"},
        ),
        (["user_id", "User ID", "item"], {"user": "user_id", "item": "item"}),
    ],
)  # fmt: skip
def test_columns_of_known_shops(names, expected):
    assert guess_columns(names) == expected


def test_what_is_given_is_not_guessed():
    found = guess_columns(["user", "who", "item"], {"user": "who", "event": None})
    assert found == {"user": "who", "item": "item"}


def test_a_column_that_cannot_be_told_is_asked_for():
    with pytest.raises(
        ConfigError, match=r"^item: cannot tell .* \(the columns are user, thing\)$"
    ):
        guess_columns(["user", "thing"])
    with pytest.raises(
        ConfigError, match=r"user: .* name it by --user .*is the first line no head"
    ):
        guess_columns(["196", "242", "3", "881250949"])


@pytest.mark.parametrize(
    ("kinds", "weights", "target"),
    [
        (["addtocart", "transaction", "view"], [3, 5, 1], "transaction"),
        (["fav", "cart", "buy", "pv"], [3, 3, 5, 1], "buy"),
        (["purchase", "return", "remove_from_cart"], [5, 0, 0], "purchase"),
        (["listen", "skip"], [1, 1], None),
    ],
)
def test_kinds(kinds, weights, target):
    assert guess_event_weights(kinds) == dict(zip(kinds, weights, strict=True))
    assert guess_target(kinds) == target
