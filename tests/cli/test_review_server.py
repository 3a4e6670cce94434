"""The server of `pharmrs review`: blind, only for whom has the secret, and it loses no confirmed decision."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from starlette.testclient import TestClient

from pharmrs.core.files.owned import claim
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.review.log import DecisionLog, read_decisions
from pharmrs.spectra.review.page import review_html
from pharmrs.spectra.review.records import standing_decisions
from pharmrs.spectra.review.server import review_app
from pharmrs.spectra.review.sitting import ReviewSession, presented, shuffled
from pharmrs.spectra.review.stage import finished_agreements
from pharmrs.study.dataset import open_dataset
from tests.cli.review_process import StartReview
from tests.study.e2e import pharmrs
from tests.study.small_trial import write_small_trial

TOKEN = "secret-token"
SCANS = ("sub-01_ses-1_acq-steam", "sub-01_ses-2_acq-steam", "sub-02_ses-1_acq-steam", "sub-02_ses-2_acq-steam")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("review") / "dataset"
    write_small_trial(folder, participants=2)
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DecisionLog]:
    with DecisionLog(tmp_path / "review", "AB") as opened:
        yield opened


@pytest.fixture
def client(dataset: Path, log: DecisionLog) -> Iterator[TestClient]:
    app = review_app(ReviewSession(open_dataset(dataset), log, "AB", 1), "AB", TOKEN)
    yield TestClient(app, base_url="http://127.0.0.1")
    app.state.spectra.close()


def _state(client: TestClient) -> dict[str, Any]:
    answer = client.get(f"/{TOKEN}/state")
    assert answer.status_code == 200
    return dict(answer.json())


def _decide(client: TestClient, **body: object) -> Any:
    return client.post(f"/{TOKEN}/decide", json=body)


def test_judging_undoing_and_the_end(client: TestClient, log: DecisionLog) -> None:
    assert _state(client) == {
        "judged": 0, "total": 4, "counts": {"accept": 0, "reject": 0, "unsure": 0}, "position": 1, "can_undo": False,
    }  # fmt: skip
    assert _decide(client, position=1, decision="accept").json()["position"] == 2
    assert _decide(client, position=2, decision="reject", reason=" lipid \n contamination ").json()["judged"] == 2
    assert log.decisions[-1].reason == "lipid contamination"
    undone = client.post(f"/{TOKEN}/undo", json={}).json()
    assert (undone["position"], undone["judged"], undone["can_undo"]) == (2, 1, True)
    again = client.post(f"/{TOKEN}/undo", json={}).json()
    assert (again["position"], again["judged"], again["can_undo"]) == (1, 0, False)
    assert client.post(f"/{TOKEN}/undo", json={}).json()["judged"] == 0  # nothing left to undo
    for position in (1, 2, 3, 4):
        state = _decide(client, position=position, decision="unsure", reason="?").json()
    assert state["position"] is None and state["counts"] == {"accept": 0, "reject": 0, "unsure": 4}
    assert {one.scan for one in log.decisions} == set(SCANS)


def test_sending_a_verdict_twice_counts_once(client: TestClient) -> None:
    for _ in range(2):  # the first answer got lost on the way, so the page sends it again
        state = _decide(client, position=1, decision="accept").json()
    assert (state["judged"], state["position"]) == (1, 2)


def test_after_a_restart_it_goes_on_where_it_was(
    client: TestClient, dataset: Path, tmp_path: Path, log: DecisionLog
) -> None:
    _decide(client, position=1, decision="accept")
    _decide(client, position=3, decision="reject", reason="x")
    session = ReviewSession(open_dataset(dataset), log, "AB", 1)
    assert (session.progress().judged, session.progress().position) == (2, 2)
    assert read_decisions(tmp_path / "review") == log.decisions


def test_nothing_that_is_sent_tells_whose_spectrum_it_is(client: TestClient, dataset: Path) -> None:
    texts = [client.get(f"/{TOKEN}/{path}").text for path in ("", "review.js", "review.css", "state", "spectrum/1")]
    texts += [_decide(client, position=1, decision="accept").text]
    labels = {f"{key}-{value}" for key, value in re.findall(r"(sub|ses|acq)-(\w+?)(?=_|$)", " ".join(SCANS))}
    words = {*SCANS, *labels, str(dataset), "placebo", "ketamine", "steam"}
    assert len(labels) == 5
    for text in texts:
        assert len(text) > 50
        assert [word for word in words if word in text] == []
    record = client.get(f"/{TOKEN}/spectrum/2").json()
    assert set(record) == {"points", "ppm", "data", "model", "baseline", "residual", "noise_sd", "gaps"}


def test_spectra_are_scaled_to_one_height(client: TestClient) -> None:
    heights = []
    for position in (1, 2, 3, 4):
        data = client.get(f"/{TOKEN}/spectrum/{position}").json()["data"]
        heights.append(max(-data["low"], data["low"] + 65534 * data["step"]))
    assert heights == pytest.approx([1.0] * 4)


def test_orders_are_random_but_the_same_every_time() -> None:
    scans = tuple(ScanFiles(name=f"sub-{n:02d}", subject=f"{n:02d}", session="", metabolite="x") for n in range(40))
    orders = {
        (rater, seed): [files.name for files in shuffled(scans, rater, seed)] for rater in ("A", "B") for seed in (1, 2)
    }
    assert len({tuple(order) for order in orders.values()}) == 4
    assert all(sorted(order) == sorted(files.name for files in scans) for order in orders.values())
    assert all(order != sorted(order) for order in orders.values())
    assert orders["A", 1] == [files.name for files in shuffled(scans[::-1], "A", 1)]


def _scans(number: int) -> tuple[ScanFiles, ...]:
    return tuple(ScanFiles(name=f"sub-{n:03d}", subject=f"{n:03d}", session="", metabolite="x") for n in range(number))


@pytest.mark.parametrize(("number", "repeats", "wanted"), [(4, 0.5, 2), (40, 0.1, 4), (41, 0.5, 20), (40, 0.0, 0)])
def test_repeats_are_random_and_never_right_after_the_first_showing(number: int, repeats: float, wanted: int) -> None:
    order = presented(_scans(number), "AB", 1, repeats)
    assert [one.files.name for one in order if one.number == 1] == [f.name for f in shuffled(_scans(number), "AB", 1)]
    places = {one.key: place for place, one in enumerate(order)}
    again = [name for name, showing in places if showing == 2]
    assert len(places) == len(order) == number + wanted and len(again) == wanted
    gaps = [places[name, 2] - places[name, 1] for name in again]
    assert all(gap > min(5, number // 2 - 1) for gap in gaps)
    assert presented(_scans(number), "AB", 1, repeats) == order
    others = {one.key for one in presented(_scans(number), "CD", 1, repeats)}
    assert wanted <= 2 or others != set(places)  # of few, two raters may by chance see the same ones again


def test_every_scan_may_come_twice() -> None:
    """Drawn 200 times, each of 10 scans is repeated (3 of 10) about 60 times: SD sqrt(200 x 0.3 x 0.7) = 6.5."""
    drawn = [one.files.name for seed in range(200) for one in presented(_scans(10), "A", seed, 0.3) if one.number == 2]
    counts = [drawn.count(files.name) for files in _scans(10)]
    assert sum(counts) == 600 and min(counts) > 60 - 4 * 6.5 and max(counts) < 60 + 4 * 6.5


def test_a_scan_is_shown_again_without_a_word(dataset: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(dataset, tmp_path / "dataset"))
    study = yaml.safe_load((root / "study.yaml").read_text())
    study.setdefault("quality", {})["visual_inspection"] = {
        "raters": 1, "exclude_when": "any", "unsure_counts_as": "accept", "repeats": 0.5,
    }  # fmt: skip
    (root / "study.yaml").write_text(yaml.safe_dump(study))
    with DecisionLog(tmp_path / "review", "AB") as log:
        session = ReviewSession(open_dataset(root), log, "AB", 1)
        assert session.progress().total == 6
        for position in range(1, 7):
            assert session.progress().position == position
            session.decide(position, "reject" if position > 4 else "accept", "x" if position > 4 else "")
        assert session.progress().position is None and session.undo() == 6
        assert session.progress().judged == 5
        session.decide(6, "accept", "")
        first, second = (standing_decisions(log.decisions, showing) for showing in (1, 2))
    assert {scan: own["AB"].decision for scan, own in first.items()} == dict.fromkeys(SCANS, "accept")
    assert sorted(own["AB"].decision for own in second.values()) == ["accept", "reject"]
    (told,) = finished_agreements(tmp_path / "review", "AB")
    assert told.within and (told.scans, told.agreed) == (2, 0.5)


def test_a_log_of_an_earlier_version_goes_on_but_takes_no_repeats(dataset: Path, log: DecisionLog) -> None:
    lines = "rater\tscan\tdecision\treason\tposition\tseed\trecording\tdecided_at\n"
    log.path.with_name("rater-CD_decisions.tsv").write_text(lines + "CD\tx\taccept\tn/a\t1\t1\tabc\tthen\n")
    with DecisionLog(log.path.parent, "CD") as older:
        ReviewSession(open_dataset(dataset), older, "CD", 1).decide(1, "accept", "")
        assert not older.takes_repeats and log.takes_repeats
    assert [(one.showing, one.decision) for one in read_decisions(log.path.parent)] == [(1, "accept")] * 2


@pytest.mark.parametrize("path", ["/", "/state", "/wrong/state", f"/{TOKEN}x/state", f"/{TOKEN}", f"/{TOKEN}/none"])
def test_without_the_secret_there_is_nothing(path: str, client: TestClient) -> None:
    answer = client.get(path, follow_redirects=False)
    assert answer.status_code == 404
    assert TOKEN not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_other_names_for_this_computer_are_turned_away(host: str, client: TestClient) -> None:
    assert client.get(f"/{TOKEN}/state", headers={"Host": host}).status_code == 400


def test_page_may_load_from_this_server_alone(client: TestClient) -> None:
    for path in ("", "review.js", "state"):
        policy = client.get(f"/{TOKEN}/{path}").headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    text = client.get(f"/{TOKEN}/").text + client.get(f"/{TOKEN}/review.js").text
    assert re.findall(r"https?://", text) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"position": 9, "decision": "accept"}, "no spectrum at position 9"),
        ({"position": True, "decision": "accept"}, "position must be a whole number"),
        ({"position": 1, "decision": "withdrawn", "reason": "x"}, "not a verdict"),
        ({"position": 1, "decision": "reject", "reason": " "}, "a reason must be given"),
        ({"position": 1, "decision": "unsure", "reason": "x" * 201}, "must not be longer"),
        ({"position": 1, "decision": "accept", "reason": 5}, "must be text"),
        ({"position": 1, "decision": "accept", "reason": "x" * 5000}, "too long"),
        ([1, 2], "must be a JSON object"),
    ],
)
def test_requests_that_make_no_sense_change_nothing(
    body: object, said: str, client: TestClient, log: DecisionLog
) -> None:
    answer = client.post(f"/{TOKEN}/decide", json=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert log.decisions == []


@pytest.mark.parametrize("content", [b"[" * 4000, b'{"position": ' + b"9" * 3000 + b"}", b"\xff", b"{", b'"\\ud800"'])
def test_no_request_makes_the_server_stumble(content: bytes, client: TestClient, log: DecisionLog) -> None:
    answer = client.post(f"/{TOKEN}/decide", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and answer.json()["error"]
    assert log.decisions == []


def test_the_page_escapes_the_label() -> None:
    """It is letters and digits, and nothing else of a page comes from data; but it must not depend on that."""
    text = review_html('</title><script>alert("1")</script>')
    assert "<script>alert" not in text and text.count("&lt;script&gt;alert") >= 1


def test_forms_of_other_pages_cannot_decide(client: TestClient, log: DecisionLog) -> None:
    text = json.dumps({"position": 1, "decision": "accept"})
    for kind in ("text/plain", "application/x-www-form-urlencoded"):  # what a page elsewhere may send unasked
        answer = client.post(f"/{TOKEN}/decide", content=text, headers={"Content-Type": kind})
        assert answer.status_code == 400
    assert log.decisions == []


def test_a_disk_that_cannot_be_written_to_is_told(
    client: TestClient, log: DecisionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = _decide(client, position=1, decision="accept")
    assert answer.status_code == 507 and "No space left" in answer.json()["error"]
    monkeypatch.undo()
    assert _state(client)["judged"] == 0


def test_a_scan_without_a_spectrum_is_passed_over(
    dataset: Path, log: DecisionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pharmrs.spectra.records.scan import ScanOutcome
    from pharmrs.spectra.review import sitting as review

    monkeypatch.setattr(review, "process_scan", lambda files, *_rest: ScanOutcome(files=files, result=None))
    app = review_app(ReviewSession(open_dataset(dataset), log, "AB", 1), "AB", TOKEN)
    client = TestClient(app, base_url="http://127.0.0.1")
    for position in (1, 2, 3, 4):
        assert client.get(f"/{TOKEN}/spectrum/{position}").json() == {}
    assert _state(client) | {"counts": {}} == {
        "judged": 0,
        "total": 0,
        "counts": {},
        "position": None,
        "can_undo": False,
    }
    app.state.spectra.close()


def test_fits_of_a_run_are_shown_as_they_are_and_only_while_they_hold(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pharmrs.spectra.review import sitting as review

    root = Path(shutil.copytree(dataset, tmp_path / "dataset"))
    with DecisionLog(tmp_path / "review", "AB") as log:
        fitted = ReviewSession(open_dataset(root), log, "AB", 1).traces_at(1)
        assert pharmrs("run", root, "-j", 1).code == 0
        called: list[str] = []
        process = review.process_scan
        monkeypatch.setattr(
            review, "process_scan", lambda files, *rest: (called.append(files.name), process(files, *rest))[1]
        )
        output = root / "derivatives" / "pharmrs"
        kept = ReviewSession(open_dataset(root, output), log, "AB", 1).traces_at(1)
        assert called == [] and fitted is not None and kept is not None
        assert kept.keys() == fitted.keys() and kept["points"] == fitted["points"]
        assert kept["noise_sd"] == pytest.approx(fitted["noise_sd"], rel=1e-3)
        np.testing.assert_allclose(_axis(kept), _axis(fitted), atol=3e-4)  # 4 ppm in 16382 steps
        for name in ("data", "model", "baseline", "residual"):  # a step of each of two lines, of a height of one
            np.testing.assert_allclose(_trace(kept, name), _trace(fitted, name), atol=3e-4, err_msg=name)
        (entry,) = (output / "cache" / "scans").glob(f"{shuffled(open_dataset(root).scans, 'AB', 1)[0].name}*")
        entry.write_text(entry.read_text().replace('"code": "', '"code": "0', 1))
        again = ReviewSession(open_dataset(root, output), log, "AB", 1).traces_at(1)
        assert len(called) == 1 and again is not None
        np.testing.assert_allclose(_trace(again, "data"), _trace(fitted, "data"), atol=1e-9)


def _axis(record: dict[str, Any]) -> Any:
    return np.frombuffer(base64.b64decode(record["ppm"]), dtype="<f4")


def _trace(record: dict[str, Any], name: str) -> Any:
    packed = record[name]
    codes = np.frombuffer(base64.b64decode(packed["codes"]), dtype="<u2")
    return packed["low"] + packed["step"] * codes


def _ask(address: str, body: dict[str, object] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, headers={"Content-Type": "application/json"})
    for wait in (0.2, 0.5, 1, 2, 4, 0):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return dict(json.load(answer))
        except ConnectionError:
            time.sleep(wait)
    raise AssertionError("the server does not answer")


def test_a_killed_server_loses_no_decision_and_starts_again(
    dataset: Path, tmp_path: Path, start_review: StartReview
) -> None:
    server, address = start_review(dataset, tmp_path / "out")
    _ask(address + "decide", {"position": 1, "decision": "accept"})
    _ask(address + "decide", {"position": 2, "decision": "reject", "reason": "lipid contamination"})
    second = pharmrs("review", dataset, "--rater", "AB", "--no-browser", "-o", tmp_path / "out")
    assert second.code == 2 and "may be open in one review at a time" in second.err
    os.kill(server.pid, signal.SIGKILL)
    server.communicate()
    decisions = read_decisions(tmp_path / "out" / "review")
    assert [(one.decision, one.position) for one in decisions] == [("accept", 1), ("reject", 2)]
    again, new_address = start_review(dataset, tmp_path / "out")
    assert new_address.split("/")[3] != address.split("/")[3]  # another secret each time
    assert _ask(new_address + "state")["position"] == 3
    again.send_signal(signal.SIGINT)
    _, told = again.communicate(timeout=60)
    assert again.returncode == 0
    assert "2 of 4 spectra judged by AB" in told
    assert address.split("/")[3] not in told and "Traceback" not in told


def test_agreement_is_told_at_the_end_only(dataset: Path, tmp_path: Path, start_review: StartReview) -> None:
    claim(tmp_path)
    with DecisionLog(tmp_path / "review", "CD") as log:
        other = ReviewSession(open_dataset(dataset), log, "CD", 1)
        for position, verdict in enumerate(("accept", "accept", "reject", "reject"), start=1):
            other.decide(position, verdict, "x")
        rejected = {one.scan for one in log.decisions if one.decision == "reject"}
    for until, told in ((3, False), (4, True)):
        server, address = start_review(dataset, tmp_path)
        order = [files.name for files in shuffled(open_dataset(dataset).scans, "AB", 1)]
        for position in range(1, until + 1):
            verdict = "reject" if order[position - 1] in rejected else "accept"
            _ask(address + "decide", {"position": position, "decision": verdict, "reason": "y"})
        server.send_signal(signal.SIGINT)
        text = server.communicate(timeout=60)[1]
        assert ("AB and CD agree on 100 % of 4 spectra, kappa 1" in text) is told, text
        assert ("kappa" in text) is told


@pytest.mark.parametrize(("rater", "said"), [("A B", "letters and digits"), ("../x", "letters and digits")])
def test_bad_labels_are_refused(rater: str, said: str, dataset: Path, tmp_path: Path) -> None:
    ended = pharmrs("review", dataset, "--rater", rater, "--no-browser", "-o", tmp_path / "out")
    assert ended.code == 2 and said in ended.err
    assert not (tmp_path / "out").exists()


def test_a_dataset_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    ended = pharmrs("review", tmp_path / "none", "--rater", "AB", "--no-browser")
    assert ended.code == 2 and "must be a folder" in ended.err
    assert not (tmp_path / "none").exists()
