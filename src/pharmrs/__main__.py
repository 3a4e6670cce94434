"""`python -m pharmrs`, which imports nothing from the working directory but an installation of its own."""

import os
import sys

if not sys.flags.safe_path and sys.path and os.path.realpath(sys.path[0] or ".") == os.path.realpath("."):
    del sys.path[0]

from pharmrs.cli.main import run

if __name__ == "__main__":
    run()
