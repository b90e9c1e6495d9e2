"""Logging to stderr, configured once by the command."""

import logging
import sys

__all__ = ["log_to_stderr"]


def log_to_stderr(level: str) -> None:
    """Ours at this level; third parties only when they warn."""
    handler = logging.StreamHandler(sys.stderr) if sys.stderr else logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    for name in ("callpost", "callpost_vocobase", "callpost_voxburst"):
        logging.getLogger(name).setLevel(level)
