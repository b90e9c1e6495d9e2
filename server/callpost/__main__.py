"""`python -m callpost`."""

import sys

from callpost.cli import main

sys.exit(main())
