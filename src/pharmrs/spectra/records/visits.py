"""Values of a scan when the macromolecules of a person are shared by all visits, beside those of the scan alone."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.core.records.columns import column


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedValue:
    """One metabolite of one scan, both ways."""

    scan: str = column("Scan.")
    subject: str = column("Participant.")
    session: str = column("Session.")
    outcome: str = column("Name of the shared value among the outcomes of a trial.")
    metabolite: str = column("Metabolite or sum.")
    value: float = column("With the macromolecules of the person, on the primary scale.")
    sd: float = column("Its standard deviation.")
    alone: float = column("By the fit of the scan alone, as in metabolites.tsv.")
    alone_sd: float = column("Its standard deviation.")
    excluded: str = column("Rule that excludes the value; empty: it counts.", default="")
