"""What is public is a decision; its order is held by the linter."""

import importlib
import pkgutil
from types import ModuleType

import pytest

import callpost
import callpost_vocobase
import callpost_voxburst

PACKAGES = (callpost, callpost_vocobase, callpost_voxburst)
MODULES = [
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_truly_what_is_public(name: str) -> None:
    module: ModuleType = importlib.import_module(name)
    exported = list(module.__all__)
    assert all(hasattr(module, public) for public in exported)
    assert len(exported) == len(set(exported))
