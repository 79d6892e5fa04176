"""Errors about optional dependencies name the package and the extra."""

import pytest

from diffecg.errors import DiffecgError
from diffecg.extras import MODULES, require, require_extra


@pytest.fixture
def broken_extra(monkeypatch):
    """An extra one of whose modules is not installed."""
    monkeypatch.setitem(MODULES, "broken", ("numpy", "not_a_module"))


def test_a_missing_module_is_refused_with_the_install_line():
    for error in (DiffecgError, ImportError):
        with pytest.raises(error, match=r"not_a_module cannot be imported; pip install 'diffecg\[eval\]'"):
            require("not_a_module.part", "eval")


def test_an_extra_is_checked_as_a_whole(broken_extra):
    require_extra("eval")
    with pytest.raises(
        DiffecgError, match=r"^not_a_module cannot be imported; pip install 'diffecg\[broken\]'"
    ):
        require_extra("broken")
