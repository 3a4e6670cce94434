"""A laboratory's folder of LCModel tables, with who got what: a trial as it is before anybody knows this program."""

from __future__ import annotations

from pathlib import Path

TABLE = """\
 LCModel (Version 6.3-1R)
 {name}
 28-May-2015  14:21

$$CONC 5 lines in following concentration table = NCONC+1
    Conc.  %SD /Cr+PCr  Metabolite
 2.88E-02  88% 3.6E-03 Ala
{glu:9.3f}   5% {ratio:7.3f} Glu
   10.302   3%   1.288 NAA+NAAG
    8.000   2%   1.000 Cr+PCr

$$MISC  2 lines in following misc. output table
  FWHM = 0.043 ppm    S/N =  33
  Data shift = 0.000 ppm

$$INPU  4 lines in following table of input changes:
 HZPPPM = 123.250000
 ECHOT = 30.
 DOWS = T
 WCONC = 40000.
"""
PEOPLE = tuple(f"{number:02d}" for number in range(1, 11))
# follow-up over baseline of participants 1 to 10; even ones got the drug
CHANGE = (1.01, 1.09, 0.98, 1.12, 1.00, 1.08, 1.03, 1.10, 0.99, 1.07)


def glu(label: str, session: int) -> float:
    """As LCModel prints it, with its three decimals."""
    number = int(label)
    base = 9.0 + 0.1 * number
    return round(base if session == 1 else base * CHANGE[number - 1], 3)


def write_tables(folder: Path, name: str = "sub-{label}_ses-{session}.table") -> None:
    """Two tables of each participant."""
    folder.mkdir(parents=True)
    for label in PEOPLE:
        for session in (1, 2):
            value = glu(label, session)
            path = folder / name.format(label=label, session=session)
            path.write_text(TABLE.format(name=path.stem, glu=value, ratio=value / 8.0))


def write_trial(root: Path) -> None:
    """Sessions and allocation."""
    (root / "phenotype").mkdir()
    lines = [f"sub-{label}\t1\t{'placebo' if int(label) % 2 else 'drug'}" for label in PEOPLE]
    (root / "phenotype" / "allocation.tsv").write_text("\n".join(["participant_id\tperiod\ttreatment", *lines, ""]))
    (root / "participants.tsv").write_text("\n".join(["participant_id", *(f"sub-{label}" for label in PEOPLE), ""]))
    for label in PEOPLE:
        (root / f"sub-{label}").mkdir(exist_ok=True)
        (root / f"sub-{label}" / f"sub-{label}_sessions.tsv").write_text(
            "session_id\tperiod\ttime_point\nses-1\t1\tbaseline\nses-2\t1\tfollow_up\n"
        )


STUDY = """\
title: Tables alone
results: {repetition_time_ms: 2000}
quantification:
  primary_scale: tissue_molal
  tissue: {gray_matter: 0.6, white_matter: 0.25, csf: 0.15, sd: 0.0, source: assumed}
  relaxation: {t1_metabolite_s: 1.4, t2_metabolite_s: 0.18, t1_water_s: 1.4, t2_water_s: 0.08, source: test}
  tissue_water: {t1_s: [1.4, 0.9, 4.0], t2_s: [0.08, 0.07, 0.5], source: test}
quality: {max_crlb_percent: 20, max_line_width_hz: 24, min_signal_to_noise: 20}
design: {kind: parallel, treatments: [placebo, drug]}
analysis: {metabolite: Glu, metabolite_change: log_ratio, models: []}
"""
