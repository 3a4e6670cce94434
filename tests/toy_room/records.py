"""What is declared about connectivity, and what is found: both are declared once, here."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.core.records.columns import column
from pharmrs.core.records.declaration import declaration, key


@declaration
class Connectivity:
    """`connectivity:` of study.yaml."""

    seed: str = key("region whose time course is compared with the others, e.g. pgACC", min_length=1)
    least_volumes: int = key("participants with fewer volumes are left out", default=100, ge=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """The connectivity of one participant, or why there is none."""

    subject: str = column("Participant.")
    volumes: int = column("Volumes that were correlated.", "1", default=0)
    z: float = column("Fisher's z of the correlation of seed and target.", "1", default=float("nan"))
    sd: float = column("Its standard deviation, 1 / sqrt(volumes - 3).", "1", default=float("nan"))
    reason: str = column("Why there is no value.", default="")
