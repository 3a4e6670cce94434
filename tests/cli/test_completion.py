"""Shell completion: what `--install-completion` sets up for bash offers commands, options and their help."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("pharmrs")
BASH = shutil.which("bash")

# what a person's shell does at the Tab key: call the function that was registered, print what it offers
PRESS_TAB = """
source "$HOME/.bashrc"
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
COMP_LINE="${{COMP_WORDS[*]}}"; COMP_POINT=${{#COMP_LINE}}
$(complete -p pharmrs | sed 's/.*-F \\([^ ]*\\) .*/\\1/') pharmrs
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def bash(script: str, home: Path) -> str:
    told = {**os.environ, "HOME": str(home), "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "SHELL": str(BASH)}
    ended = subprocess.run(
        [str(BASH), "-c", script], env=told, check=False, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.skipif(BASH is None or not PROGRAM.is_file(), reason="needs bash and the installed program")
def test_completion_of_bash(tmp_path: Path) -> None:
    bash("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION=1 pharmrs --install-completion bash", tmp_path)
    assert "pharmrs" in (tmp_path / ".bashrc").read_text()
    assert bash(PRESS_TAB.format(words="pharmrs re"), tmp_path).split() == ["review", "rerun", "results"]
    assert bash(PRESS_TAB.format(words="pharmrs review --ra"), tmp_path).split() == ["--rater"]
