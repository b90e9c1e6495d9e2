"""Start Callpost from an unpacked bundle."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from callpost.cli import main

sys.exit(main(["serve"]))
