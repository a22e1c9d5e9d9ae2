import os

import pytest

from pyrec import threads
from pyrec.errors import DataError
from pyrec.io.database import connect, explained, identifier, literal


def setting(connection, name):
    return connection.sql(f"SELECT current_setting('{name}')").fetchall()[0][0]


def test_a_connection_is_careful():
    with threads(1), connect(name="test") as connection:
        assert setting(connection, "autoinstall_known_extensions") is False
        assert setting(connection, "autoload_known_extensions") is False
        assert setting(connection, "threads") == 1
        assert "GiB" in setting(connection, "memory_limit")
        folder = setting(connection, "temp_directory")
        assert os.path.isdir(folder)  # noqa: PTH112
    assert not os.path.exists(folder)  # noqa: PTH110


def test_extensions_are_not_fetched():
    with pytest.raises(DataError, match="test: "), connect(name="test") as connection:
        connection.sql("SELECT * FROM read_csv('https://127.0.0.1:9/x.csv')")


def test_errors_of_the_caller_are_left_alone():
    with pytest.raises(ZeroDivisionError), connect(name="test"):
        raise ZeroDivisionError


def test_names_and_texts_are_quoted():
    name, text = 'a "b" c', "it's"
    with connect(name="test") as connection:
        relation = connection.sql(f"SELECT {literal(text)} AS {identifier(name)}")
        assert relation.columns == [name]
        assert relation.fetchall() == [(text,)]


def test_a_message_without_a_known_remedy_keeps_its_first_paragraph():
    error = explained("IO Error: something\nodd\n\nA lot more\n", "log.csv")
    assert str(error) == "log.csv: IO Error: something odd"
