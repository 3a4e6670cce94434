"""`series:` of study.yaml: recordings of one session as a course, and what metabolites may follow over it."""

from __future__ import annotations

from pharmrs.core.records.declaration import NotNegative, Positive, declaration, key
from pharmrs.spectra.records.series import Follows

_KINDS = ("steps", "ramp", "saturating", "events", "infusion", "measured", "scans")


@declaration
class Span:
    """From when to when, in minutes on the clock of the session."""

    from_min: float
    to_min: float | None = key("left out: to the end", default=None)

    def __post_init__(self) -> None:
        if self.to_min is not None and not self.to_min > self.from_min:
            raise ValueError("to_min must come after from_min")


@declaration
class Rise:
    """1 - exp(-(t - from_min) / time_constant_min): an effect that comes and stays."""

    from_min: float
    time_constant_min: Positive


@declaration
class Dose:
    """What was infused at one rate."""

    from_min: float
    minutes: Positive
    mg_per_kg: NotNegative


@declaration
class Infusion:
    """The concentration in plasma, computed from what was infused with published constants of one or two compartments.

    The course is 1 at its peak. Everybody gets the same course, whatever was in the syringe: placebo shows what the
    infusion alone does.
    """

    doses: tuple[Dose, ...] = key("one after the other, or overlapping", min_length=1)
    volume_l_per_kg: Positive = key("of the (central) compartment")
    clearance_l_per_h_kg: Positive
    to_tissue_per_min: NotNegative = key("k12, into the second compartment; 0: there is one compartment", default=0.0)
    from_tissue_per_min: NotNegative = key("k21, back from it", default=0.0)
    source: str = key("where the constants are published (DOI); it stands in the methods text", min_length=1)

    def __post_init__(self) -> None:
        if (self.to_tissue_per_min > 0.0) is not (self.from_tissue_per_min > 0.0):
            raise ValueError("to_tissue_per_min and from_tissue_per_min go together: two compartments need both")
        if not any(dose.mg_per_kg for dose in self.doses):
            raise ValueError("doses must not all be 0: without a dose there is no course")


@declaration
class DeclaredCourse:
    """Something that metabolites may follow: exactly one of its kinds. A spectrum gets the mean over its own time."""

    name: str = key("letters and digits, e.g. drug", pattern="^[A-Za-z][A-Za-z0-9]*$")
    steps: tuple[Span, ...] = key("1 within these spans, 0 outside", default=())
    ramp: Span | None = key("0 before from_min, 1 after to_min (the end), a straight line between", default=None)
    saturating: Rise | None = key("0 before, then rising to 1 ever more slowly", default=None)
    events: str | None = key(
        "trial_type of the *_events.tsv beside each recording: 1 while it lasts", default=None, min_length=1
    )
    infusion: Infusion | None = key("concentration in plasma computed from what was infused", default=None)
    measured: str | None = key(
        "column of a table in phenotype/ with participant_id, session_id and time_min: levels in plasma, straight "
        "lines between samples",
        default=None,
        min_length=1,
    )
    scans: dict[str, float] = key("entity of a recording (run-2) -> value, where no clock is needed",
                                  default_factory=dict)  # fmt: skip
    per: Positive = key("measured levels are divided by this: the change is that for `per` units", default=1.0)

    def __post_init__(self) -> None:
        given = [kind for kind in _KINDS if getattr(self, kind) not in (None, (), {})]
        if len(given) != 1:
            raise ValueError(f"course {self.name} needs exactly one of {', '.join(_KINDS)}, not {len(given)}")
        if self.per != 1.0 and self.measured is None:
            raise ValueError("per belongs to measured levels")


@declaration
class Series:
    """Recordings of one session as a course: repeated scans, or one recording cut into blocks.

    The clock of a session begins with its first recording; several are placed by acq_time of *_scans.tsv.
    """

    scan: str = key("entity of the recordings that belong to it, e.g. task-infusion; empty: all", default="")
    block_transients: int | None = key(
        "transients in a block that a recording is cut into; left out: each recording is one spectrum",
        default=None,
        ge=1,
    )
    courses: tuple[DeclaredCourse, ...] = key("what metabolites may follow, each beside the others", min_length=1)
    metabolites: tuple[str, ...] = key(
        "metabolites or sums whose change is the question; empty: all may change freely", default=()
    )
    others_sd_percent: NotNegative = key(
        "how much the others may change too, as SD in % of their level; 0: not at all", default=10.0
    )

    def __post_init__(self) -> None:
        names = [one.name for one in self.courses]
        if len(set(names)) < len(names):
            raise ValueError("courses must have different names")

    @property
    def follows(self) -> Follows:
        return Follows(metabolites=self.metabolites, others_sd=self.others_sd_percent / 100.0)
