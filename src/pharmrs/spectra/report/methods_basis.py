"""Methods text: the basis set, where it was simulated for the study."""

from __future__ import annotations

from pharmrs.core.report.references import Citations
from pharmrs.spectra.records.declared_basis import StudyBasis

_NAMES = {"steam": "STEAM", "press": "PRESS", "slaser": "semi-LASER", "megapress": "MEGA-PRESS"}


def basis_paragraphs(basis: StudyBasis, cite: Citations) -> list[str]:
    """How the basis set was simulated; nothing for one that the study names."""
    declared = basis.simulate
    if declared is None:
        return []
    times = f"TE {declared.te_ms:g} ms" + ("" if declared.tm_ms is None else f", TM {declared.tm_ms:g} ms")
    pulses = "ideal pulses"
    if declared.pulses:
        pulses = f"shaped pulses averaged over the slice {cite.cite('projection')} ({', '.join(declared.pulses)})"
    text = (
        f"The basis set was simulated by density matrix for {_NAMES[declared.sequence]} ({times}) with {pulses}, "
        "keeping the coherence pathway of the sequence, from published chemical shifts and coupling constants "
        f"{cite.cite('govindaraju')} {cite.cite('govindaraju_corrected')}; GABA {cite.cite('gaba')}, "
        f"ascorbate {cite.cite('ascorbate')}."
    )
    if declared.sequence == "megapress":
        editing = declared.editing
        shape = editing.shape or f"Gaussian, {editing.duration_ms:g} ms"
        at = " and ".join(f"{ppm:g}" for ppm in editing.on_ppm)
        text += f" Editing pulses ({shape}) acted at {at} ppm when on and at {editing.off_ppm:g} ppm when off."
    if declared.spin_systems is not None:
        text += f" Spin systems of the study ({declared.spin_systems}) came before published ones."
    if declared.macromolecules:
        text += (
            " Macromolecules were one component of Gaussian lines with published positions, widths and areas "
            f"{cite.cite('macromolecules')}, attenuated by relaxation during TE{' and TM' if declared.tm_ms else ''} "
            f"(below 4.5 T and beyond 35 ms each line by its own T2 {cite.cite('macromolecule_lines')})."
        )
    return [text]
