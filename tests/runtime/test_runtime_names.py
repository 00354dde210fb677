"""The public names of the runtime."""

from __future__ import annotations

import importlib

import pytest

import backwright_runtime


@pytest.mark.parametrize("name", backwright_runtime.__all__)
def test_every_public_name_is_that_of_its_module(name: str):
    if name == "__version__":
        return
    home = importlib.import_module(backwright_runtime._HOMES[name])
    assert getattr(backwright_runtime, name) is getattr(home, name)


def test_what_is_not_public_is_no_attribute():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = backwright_runtime.nonsense
