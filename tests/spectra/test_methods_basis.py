"""Methods text on a simulated basis set: what was declared, and nothing for a named one."""

from __future__ import annotations

from pharmrs.core.read.declarations import checked
from pharmrs.core.report.references import Citations
from pharmrs.spectra.records.declared_basis import SimulatedBasis, StudyBasis
from pharmrs.spectra.report.methods_basis import basis_paragraphs


def text_of(**declared: object) -> str:
    basis = StudyBasis(simulate=checked(SimulatedBasis, {"sequence": "steam", "te_ms": 11, "tm_ms": 32, **declared}))
    cite = Citations()
    (text,) = basis_paragraphs(basis, cite)
    return text + "\n".join(cite.listed())


def test_a_named_basis_set_is_not_described() -> None:
    assert basis_paragraphs(StudyBasis(path="a.basis"), Citations()) == []


def test_ideal_pulses_and_macromolecules() -> None:
    text = text_of()
    assert "for STEAM (TE 11 ms, TM 32 ms) with ideal pulses" in text
    assert "relaxation during TE and TM" in text
    for doi in ("10.1002/nbm.3336", "10.1002/mrm.24572", "10.1002/mrm.21082", "10.1002/nbm.4393"):
        assert doi in text
    assert "mp.12375" not in text


def test_only_what_was_done_is_told() -> None:
    text = text_of(sequence="press", tm_ms=None, macromolecules=False, pulses=["p90.txt"], spin_systems="own.json")
    assert "for PRESS (TE 11 ms) with shaped pulses averaged over the slice" in text and "(p90.txt)" in text
    assert "own.json" in text and "doi:10.1002/mp.12375" in text
    assert "Macromolecules" not in text
