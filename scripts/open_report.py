"""Open a report in the browser where there is a screen; print its path where there is none."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path


def main() -> None:
    report = Path(sys.argv[1]).resolve()
    has_screen = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    opened = has_screen and not os.environ.get("CI") and webbrowser.open(report.as_uri())
    print(f"report {'opened' if opened else 'written'}: {report}")


if __name__ == "__main__":
    main()
