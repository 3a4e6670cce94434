"""Calls: what bands, controls, blanks and duplicates allow to be said, and what they do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.core.errors import InputError
from pharmrs.genotype.records.marker import CallRules, GenotypeCall, Lane
from pharmrs.genotype.science.bands import plan_bands
from pharmrs.genotype.science.calling import call_genotypes
from tests.genotype.gels import MET, MIXED, VAL, assay, control, other, sample

GOOD = control("Val/Val", VAL)
BANDS = {"Val/Val": VAL, "Val/Met": MIXED, "Met/Met": MET}


def _call(*lanes: Lane, subjects: tuple[str, ...] = (), **rules: float) -> dict[str, GenotypeCall]:
    found = call_genotypes(assay(), CallRules(**rules), lanes, subjects)  # type: ignore[arg-type]
    return {call.subject: call for call in found.calls}


def test_the_three_patterns_are_called() -> None:
    found = _call(GOOD, sample("01", VAL), sample("02", MIXED), sample("03", MET))
    assert {name: (call.genotype, call.flag, call.reason) for name, call in found.items()} == {
        "01": ("Val/Val", "ok", ""),
        "02": ("Val/Met", "ok", ""),
        "03": ("Met/Met", "ok", ""),
    }


@settings(max_examples=60)
@given(st.sampled_from(sorted(BANDS)), st.lists(st.floats(-0.045, 0.045), min_size=3, max_size=3), st.randoms())
def test_reading_errors_within_tolerance_and_order_do_not_matter(
    genotype: str, errors: list[float], random: np.random.RandomState
) -> None:
    bands = [size * (1 + error) for size, error in zip(BANDS[genotype], errors, strict=False)]
    random.shuffle(bands)
    assert _call(sample("01", tuple(bands)), GOOD)["01"].genotype == genotype


def test_tolerance_grows_with_the_fragment() -> None:
    rules = CallRules(size_tolerance_percent=5, size_tolerance_bp=8)
    assert [rules.tolerance_bp(size) for size in (100, 160, 676)] == [8.0, 8.0, pytest.approx(33.8)]
    assert _call(GOOD, sample("01", (676 + 33.0,)))["01"].genotype == "Met/Met"
    assert "unexpected band at 710 bp" in _call(GOOD, sample("01", (710.0,)))["01"].reason


@pytest.mark.parametrize(
    ("bands", "reason"),
    [
        ((), "no band"),
        ((520.0,), "unexpected band at 520 bp"),
        ((277.0,), "277 bp without 399 bp fits no genotype"),
        ((399.0, 676.0), "399 + 676 bp without 277 bp fits no genotype"),
        ((277.0, 390.0, 405.0), "several bands are read as 399 bp"),
    ],
)
def test_patterns_that_fit_nothing_are_indeterminate(bands: tuple[float, ...], reason: str) -> None:
    found = _call(GOOD, sample("01", bands))["01"]
    assert (found.genotype, found.flag) == ("", "indeterminate")
    assert reason in found.reason


@pytest.mark.parametrize(
    "controls", [(), (control("Met/Met", MET),), (control("Val/Met", MIXED),), (control("Val/Val", ()),)]
)
def test_without_a_control_of_complete_digestion_nothing_is_called(controls: tuple[Lane, ...]) -> None:
    found = _call(*controls, *(sample(name, bands) for name, bands in zip("123", BANDS.values(), strict=True)))
    assert {call.flag for call in found.values()} == {"indeterminate"}
    assert all("has no Val/Val control that shows complete digestion" in call.reason for call in found.values())


@pytest.mark.parametrize(("seen", "what"), [(MET, "failed digestion on gel 1"), (MIXED, "partial digestion on gel 1")])
def test_incomplete_digestion_leaves_only_what_proves_itself(seen: tuple[float, ...], what: str) -> None:
    found = _call(control("Val/Val", seen), *(sample(n, b) for n, b in zip("123", BANDS.values(), strict=True)))
    assert found["1"].genotype == "Val/Val"
    assert [found[name].flag for name in "23"] == ["indeterminate"] * 2
    assert all(what in found[name].reason for name in "23")


def test_one_bad_control_is_not_outvoted_by_a_good_one() -> None:
    found = _call(GOOD, control("Val/Met", MET), sample("01", MET), sample("02", VAL))
    assert found["01"].flag == "indeterminate"
    assert found["02"].genotype == "Val/Val"


def test_a_control_that_contradicts_its_genotype_stops_the_gel() -> None:
    found = _call(GOOD, control("Met/Met", VAL), sample("01", VAL))
    assert "control NA-Met/Met (Met/Met) in gel 1 lane cMet/Met: looks like Val/Val" in found["01"].reason


def test_gels_are_judged_apart() -> None:
    found = _call(GOOD, sample("01", MET), sample("02", MET, gel="2"))
    assert (found["01"].genotype, found["02"].flag) == ("Met/Met", "indeterminate")


def test_blank_and_uncut_lanes_must_be_as_they_should() -> None:
    assert _call(GOOD, other("blank", ()), other("uncut", MET), sample("01", VAL))["01"].genotype == "Val/Val"
    assert "contamination" in _call(GOOD, other("blank", MET), sample("01", VAL))["01"].reason
    found = _call(GOOD, other("uncut", (600.0,)), sample("01", VAL))["01"]
    assert "shows 600 instead of 676 bp" in found.reason
    assert _call(GOOD, other("blank", (30.0,)), sample("01", VAL))["01"].flag == "ok"  # primer dimer


def test_small_bands_are_left_out_and_said_so() -> None:
    found = _call(GOOD, sample("01", (277.0, 399.0, 35.0)))["01"]
    assert found.genotype == "Val/Val"
    assert "below 50 bp and not read: 35" in found.reason


@pytest.mark.parametrize(("uncut", "called"), [(0.05, False), (0.45, True), (0.75, True), (0.95, False)])
def test_share_of_the_uncut_band_tells_partial_digestion_from_heterozygotes(uncut: float, called: bool) -> None:
    cut = 1 - uncut
    lane = sample("01", MIXED, intensities=(0.41 * cut, 0.59 * cut, uncut))
    found = _call(GOOD, lane)["01"]
    assert (found.genotype == "Val/Met") is called
    assert called or "partial digestion or mixture suspected" in found.reason


def test_duplicates_must_agree() -> None:
    same = _call(GOOD, sample("01", VAL, lane="2"), sample("01", VAL, lane="3"))["01"]
    assert (same.genotype, same.lanes) == ("Val/Val", 2)
    differ = _call(GOOD, sample("01", VAL, lane="2"), sample("01", MIXED, lane="3"))["01"]
    assert (differ.genotype, differ.flag) == ("", "indeterminate")
    assert "duplicates disagree: Val/Val in gel 1 lane 2, Val/Met in gel 1 lane 3" in differ.reason
    repeated = _call(GOOD, sample("01", (), lane="2"), sample("01", VAL, lane="3"))["01"]
    assert repeated.genotype == "Val/Val" and "gel 1 lane 2: no band" in repeated.reason


def test_declared_number_of_agreeing_lanes() -> None:
    lanes = (GOOD, sample("01", VAL, lane="2"), sample("02", VAL, lane="3"), sample("02", VAL, lane="4"))
    empty = (sample("03", VAL, lane="5"), sample("03", (), lane="6"))  # two lanes, and one that says something
    found = _call(*lanes, *empty, agreeing_lanes=2)
    assert (found["03"].flag, found["03"].lanes) == ("indeterminate", 2) and "1 of the 2" in found["03"].reason
    assert "1 of the 2 agreeing lanes" in found["01"].reason
    assert found["02"].genotype == "Val/Val"


def test_participants_on_no_gel_are_listed() -> None:
    found = _call(GOOD, sample("01", VAL), subjects=("01", "02"))
    assert (found["02"].flag, found["02"].lanes, found["02"].genotype) == ("not_measured", 0, "")


def test_only_called_samples_are_counted() -> None:
    lanes = [GOOD, *(sample(f"v{i}", VAL) for i in range(24)), *(sample(f"x{i}", MIXED) for i in range(9))]
    lanes += [sample("m1", MET), sample("m2", MET), sample("bad", ())]
    found = call_genotypes(assay(), CallRules(), lanes, ["none"]).equilibrium
    assert found is not None and found.counts == (24, 9, 2)
    assert call_genotypes(assay(), CallRules(), [sample("01", ())]).equilibrium is None


def test_turned_names_and_unknown_genotypes_of_controls() -> None:
    assert _call(GOOD, control("Met/Val", MIXED), sample("01", MET))["01"].genotype == "Met/Met"
    with pytest.raises(InputError, match="must be a genotype of rs6265"):
        _call(control("Val/Leu", MIXED))


def test_a_tolerance_that_blurs_the_genotypes_is_refused() -> None:
    with pytest.raises(InputError, match="must tell the bands of the genotypes apart"):
        plan_bands(assay(), CallRules(size_tolerance_percent=45))
    with pytest.raises(InputError, match="must tell the bands"):
        plan_bands(assay(), CallRules(smallest_band_bp=500))  # then the cut allele shows nothing at all


def test_which_genotype_incomplete_digestion_imitates() -> None:
    assert plan_bands(assay(), CallRules()).mimics == {
        "Val/Val": (),
        "Val/Met": ("Val/Val",),
        "Met/Met": ("Val/Val", "Val/Met"),
    }
