"""A small simulated trial for end-to-end tests: recordings, one participant, a good visit and a bad one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pharmrs.simulate.effects import Effects, Losses, reference_effects
from pharmrs.simulate.trial import draw_trial
from pharmrs.simulate.trial_dataset import Instruments, write_trial
from pharmrs.simulate.trial_records import Trial, TrialSettings
from pharmrs.trial.records.declared_design import Design

DESIGN = Design(kind="parallel", treatments=("placebo", "S-ketamine"))


def small_trial(seed: int = 5, participants: int = 1) -> Trial:
    """Nothing is lost by chance; the second visit of the first participant is bad."""
    losses = Losses(lost_scans=0.0, bad_scans=0.0, lost_samples=0.0, always_bad=("sub-01_ses-2",))
    effects = Effects(treatments=reference_effects(DESIGN.treatments).treatments, losses=losses)
    return draw_trial(TrialSettings(design=DESIGN, participants=participants, seed=seed, effects=effects))


def write_small_trial(folder: Path, seed: int = 5, participants: int = 1, *, imaged: bool = False) -> None:
    """`imaged`: with maps of the tissues of each head, which the study then declares."""
    instruments = Instruments(assay=None, gel=None)
    write_trial(folder, small_trial(seed, participants), instruments if imaged else replace(instruments, head=None))
