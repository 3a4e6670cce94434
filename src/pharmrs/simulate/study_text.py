"""The `study.yaml` and README of a simulated trial, when no other study is given."""

from __future__ import annotations

import math

from pharmrs.simulate.plates import SimulatedAssay
from pharmrs.simulate.relaxation import RelaxationTimes
from pharmrs.simulate.trial import VOXEL_MEAN
from pharmrs.simulate.trial_records import TrialSettings
from pharmrs.trial.models.registry import MODELS

BASIS_FILE = "basis/steam_7t.basis"

README = """\
A simulated trial with known truth, written by `pharmrs simulate`.

Everything here is synthetic: participants, allocation, 7 T STEAM recordings (TE 20 ms, TM 10 ms, TR 5 s, 4 coils, 16
transients, with frequency drift, phase jitter, motion, eddy currents, residual water and correlated coil noise; the
basis set is a density-matrix simulation of this sequence), plate-reader exports and gels. truth/ holds what was
planted; no analysis reads it. A few recordings are bad on purpose (30 Hz wide, low signal), so that the quality rules
have something to exclude, and some samples lie below the limit.
"""

_HEAD = """\
# What this study declares before its analysis is run.
title: "Simulated trial: {title}"
basis: {basis}
"""

_DESIGN = """\
design:
  kind: {kind}
  treatments: [{treatments}]  # the first is the reference
  baseline: {baseline}
  follow_up: {follow_up}
"""

_SPECTRA = """\
references:  # which water reference serves which purpose
  quantification: acq-quant
  eddy_current: acq-ecc
  coil_combination: acq-ecc
quantification:
  primary_scale: gm_wm_normalised  # water-scaled, per grey and white matter, as the reference study
  relaxation:  # seconds
    t1_metabolite_s: {times.t1_metabolite_s}
    t2_metabolite_s: {times.t2_metabolite_s}
    t1_water_s: {times.t1_water_s}
    t2_water_s: {times.t2_water_s}
    source: the values this trial was simulated with
  tissue_water:  # seconds; grey matter, white matter, CSF
    t1_s: [{times.t1_water_s}, {times.t1_water_s}, {times.t1_water_s}]
    t2_s: [{times.t2_water_s}, {times.t2_water_s}, {times.t2_water_s}]
    source: the values this trial was simulated with
"""

_TISSUE = """\
  tissue:
    gray_matter: {fractions[0]:g}
    white_matter: {fractions[1]:g}
    csf: {fractions[2]:g}
    sd: 0.04
    source: mean of the simulated voxels
"""

_ANATOMY = """\
anatomy:  # tissue of each voxel from the maps below derivatives/
  source: probseg
  normalise: false
  other_visit_sd_mm: 0  # simulated heads lie in every visit as in the first
"""

_QUALITY = """\
quality:  # a scan or value that breaks a rule is excluded, and reported
  max_crlb_percent: 20
  max_line_width_hz: 24
  min_signal_to_noise: 20
"""

_ASSAY = """\
assay:  # exports and layout in sourcedata/assay
  analyte: {analyte}
  unit: {unit}
  wavelength_nm: {wavelengths[0]:g}
  reference_wavelength_nm: {wavelengths[1]:g}
  lower_limit: {{value: {limit:g}, refers_to: in_well}}  # the lowest standard
  preparation_cv_percent: {dilution_percent:g}
"""

_GENOTYPE = """\
genotype:
  markers: [{marker}]
"""

_ANALYSIS = """\
analysis:  # the analysis of the reference study
  metabolite: {metabolite}
  biomarker: {analyte}
  time_adjustment: linear
  biomarker_transform: shifted_log
  biomarker_change: relative
  metabolite_change: relative
  covariates:
    - {{name: age}}
    - {{name: bmi}}
{genotype}  models: [{models}]
  exploratory: [{exploratory}]
  multiverse: {{scales: [ratio_tcr], permutations: 200}}  # all scales and 500 take two minutes more
"""

_POWER = """\
power:  # what such a trial is expected to be like, natural logs; for `pharmrs power`
  slopes: [{slopes}]
  subjects: [35, 70, 140]
  metabolite_median: {people.metabolite_mm:g}
  metabolite_person_sd: {people.metabolite_person_sd:g}
  metabolite_change_sd: {change_sd:.3g}
  metabolite_error_sd: 0.03
  biomarker_median: {people.biomarker_median:g}
  biomarker_person_sd: {people.biomarker_person_sd:g}
  biomarker_change_sd: {residual_sd:.3g}
  biomarker_error_sd: 0.05
"""

# declared with the plan; every other model there is is run as exploratory
_PLANNED = ("cr2", "mixed", "errors_in_variables", "tobit", "joint", "permutation", "bootstrap", "leave_one_out")

_GENOTYPE_COVARIATE = "    - {{name: genotype, reference: {common}}}\n"


def study_text(
    settings: TrialSettings, *, recorded: bool, imaged: bool, assay: SimulatedAssay | None, genotyped: bool
) -> str:
    """The study plan of a simulated trial; what is not simulated is not declared."""
    design = settings.design
    treatments = ", ".join(f'"{name}"' for name in design.treatments)
    title = f"{settings.metabolite} and {settings.analyte}, {design.kind}".replace('"', "'")
    parts = (
        _HEAD.format(title=title, basis=BASIS_FILE),
        _DESIGN.format(
            kind=design.kind, treatments=treatments, baseline=f'"{design.baseline}"', follow_up=f'"{design.follow_up}"'
        ),
        _SPECTRA.format(times=RelaxationTimes()),
        _ANATOMY if imaged else _TISSUE.format(fractions=VOXEL_MEAN),
        _QUALITY,
        _assay_text(settings, assay) if assay is not None else "",
        _GENOTYPE.format(marker=settings.marker) if genotyped else "",
        _analysis_text(settings, genotyped=genotyped) if assay is not None and recorded else "",
    )
    return "".join(parts)


def _assay_text(settings: TrialSettings, assay: SimulatedAssay) -> str:
    return _ASSAY.format(
        analyte=settings.analyte,
        unit=settings.unit,
        wavelengths=assay.wavelengths_nm,
        limit=assay.nominals[-1],
        dilution_percent=100 * assay.dilution_sd,
    )


def _analysis_text(settings: TrialSettings, *, genotyped: bool) -> str:
    common = next(iter(settings.planted.population.genotypes))
    genotype = _GENOTYPE_COVARIATE.format(common=common) if genotyped else ""
    return _power_text(settings) + _ANALYSIS.format(
        metabolite=settings.metabolite,
        analyte=settings.analyte,
        genotype=genotype,
        models=", ".join(_PLANNED),
        exploratory=", ".join(name for name in MODELS if name not in _PLANNED),
    )


def _power_text(settings: TrialSettings) -> str:
    """What was planted as the expectation of a trial to be planned; the SD of a visit counts twice in a change."""
    people = settings.planted.population
    effects = [settings.planted.treatments[name] for name in settings.design.treatments]
    spreads = [max(effect.metabolite_sd, 1e-3) for effect in effects]
    return _POWER.format(
        people=people,
        slopes=", ".join(f"{effect.slope:g}" for effect in effects),
        change_sd=math.sqrt(sum(spread**2 for spread in spreads) / len(spreads)),
        residual_sd=max(math.sqrt(2) * people.biomarker_visit_sd, 1e-3),
    )
