import pickle

import pytest

from pyrec import errors


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.ConfigError, ValueError),
        (errors.DataError, ValueError),
        (errors.UnknownIdError, KeyError),
        (errors.NotSupportedError, TypeError),
        (errors.ArtifactError, OSError),
        (errors.NumericalError, ArithmeticError),
        (errors.OutOfMemoryError, MemoryError),
    ],
)
def test_each_error_is_also_the_one_that_callers_expect(error, builtin):
    assert issubclass(error, errors.PyrecError)
    assert issubclass(error, builtin)
    assert str(error("what, where, remedy")) == "what, where, remedy"
    assert str(pickle.loads(pickle.dumps(error("text")))) == "text"
