"""Import what is needed of the SDK, and not its clients.

`import mcp.server.lowlevel` runs `mcp/__init__`, which imports every client and server there is: a
third of the time and 10 MiB for nothing that a server uses. Here these packages are made without
being run; whoever asks one of them for a name has it run first, as if it had been all along.
"""

import importlib.util
import sys
from types import ModuleType
from typing import Any

__all__ = ["PACKAGES", "import_lean"]

PACKAGES = ("mcp", "mcp.server")


def import_lean() -> None:
    """Do so, before anything of the SDK is imported; otherwise it is too late, and harmless."""
    for name in PACKAGES:
        spec = None if name in sys.modules else importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            vars(module)["__getattr__"] = _Unrun(module)
            sys.modules[name] = module
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, module)


class _Unrun:
    """Runs a package when it is asked for something that is not there yet."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __call__(self, name: str) -> Any:
        spec = self._module.__spec__
        if name.startswith("__") or spec is None or spec.loader is None:
            raise AttributeError(f"{self._module.__name__} has no {name}")
        vars(self._module).pop("__getattr__", None)
        spec.loader.exec_module(self._module)
        return getattr(self._module, name)
