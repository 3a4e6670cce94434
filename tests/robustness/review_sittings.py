"""A rater before the page of `pharmrs review`: the verdicts of a sitting, which may end before the last is given."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.robustness.fault_hook import Ended, Fault, Running, start
from tests.robustness.fault_jobs import RUN_OUTPUT, Job, prepare_trial

REVIEW = Job("review", prepare_trial, ("review", ".", "--rater", "AB", "--no-browser"), RUN_OUTPUT)
LOG, DICTIONARY = "review/rater-AB_decisions.tsv", "review/rater-AB_decisions.json"
NOON_S = 1.8e9  # the time of day that every server is told; so that two sittings can be the same, byte for byte

# what the rater does, one key after the other; two of three verdicts on the second spectrum are taken back or changed
STEPS: tuple[tuple[str, dict[str, object]], ...] = (
    ("decide", {"position": 1, "decision": "accept"}),
    ("decide", {"position": 2, "decision": "reject", "reason": "lipid contamination"}),
    ("undo", {}),
    ("decide", {"position": 2, "decision": "unsure", "reason": "noise — é"}),
)


@dataclass(frozen=True)
class Sitting:
    """`states`: at first, then what the server confirmed, step by step; `refused`: the error it told; how it ended."""

    states: tuple[dict[str, Any], ...]
    refused: str
    ended: Ended

    @property
    def confirmed(self) -> int:
        return max(0, len(self.states) - 1)


class Page:
    """The page in the browser, by the address that the server prints; no address: it has ended before."""

    def __init__(self, folder: Path, fault: Fault | None = None, rater: str = "AB") -> None:
        chosen = fault or Fault(rate_s=0.0)
        chosen.below = str(folder / RUN_OUTPUT)
        if chosen.clock_s is None:
            chosen.clock_s, chosen.rate_s = NOON_S, 0.0
        arguments = [rater if one == "AB" else one for one in REVIEW.arguments]
        self.server: Running = start(*arguments, fault=chosen, cwd=folder)
        self.address = self.server.first_line()
        self.ended: Ended | None = None

    def ask(self, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        """The answer. Raises ConnectionError where the server is gone, OSError with its words where it refuses."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=600) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            raise OSError(error.code, json.load(error)["error"]) from error
        except urllib.error.URLError as error:
            raise error.reason if isinstance(error.reason, ConnectionError) else error from error

    def room_again(self) -> None:
        """The disk of the server is not full any more."""
        most = resource.prlimit(self.server.process, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self.server.process, resource.RLIMIT_FSIZE, (most, most))

    def close(self) -> Ended:
        """Ctrl+C, if it still runs."""
        if self.address:
            os.kill(self.server.process, signal.SIGINT)
        self.ended = self.server.wait()
        return self.ended

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_unused: object) -> None:
        if self.ended is None:
            os.kill(self.server.process, signal.SIGKILL)
            self.server.wait()


def sit(folder: Path, first: int = 0, fault: Fault | None = None) -> Sitting:
    """The steps from `first` on, until one is not confirmed."""
    states: list[dict[str, Any]] = []
    refused = ""
    with Page(folder, fault) as page:
        try:
            if page.address:
                states.append(page.ask("state"))
            for path, body in STEPS[first:] if page.address else ():
                states.append(page.ask(path, body))
        except ConnectionError:
            pass
        except OSError as error:
            refused = str(error)
        return Sitting(tuple(states), refused, page.close())


def new_copy(prepared: Path, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    return Path(shutil.copytree(prepared, place))
