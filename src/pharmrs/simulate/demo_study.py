"""Texts of the demonstration data set: study plan, README and the data dictionary of the truth."""

from __future__ import annotations

README = """\
Simulated single-voxel MR spectroscopy with known truth, written by pharmrs.

Every recording is synthetic: 7 T, STEAM, TE 20 ms, TM 10 ms, TR 5 s, 4 coils, 16 transients. The metabolites come
from a basis set (basis/) simulated by density matrix for this sequence. Frequency drift, phase jitter, motion, eddy
currents, residual water and correlated coil noise are put in; truth/ tells what should come out. The last examination
is bad on purpose (30 Hz wide, low signal), so that the quality rules exclude it.
"""

STUDY_YAML = """\
# What this study declares before its analysis is run.
title: "pharmrs demonstration (simulated 7 T STEAM)"
basis: {basis}
references:  # which water reference serves which purpose
  quantification: acq-quant
  eddy_current: acq-ecc
  coil_combination: acq-ecc
quantification:
  primary_scale: water_relaxation
  relaxation:  # seconds
    t1_metabolite_s: 1.5
    t2_metabolite_s: 0.110
    t1_water_s: 2.0
    t2_water_s: 0.050
    source: the values this data set was simulated with
  tissue:
    gray_matter: 0.60
    white_matter: 0.25
    csf: 0.15
    sd: 0.02
    source: the values this data set was simulated with
quality:  # a scan or value that breaks a rule is excluded, and reported
  max_crlb_percent: 20
  max_line_width_hz: 24
  min_signal_to_noise: 20
"""

TRUTH_COLUMNS = {
    "scan": {"Description": "BIDS name of the recording without its suffix"},
    "component": {"Description": "component of the basis set"},
    "concentration_mm": {"Description": "concentration in the whole voxel", "Units": "mmol/L"},
    "water_concentration_mm": {"Description": "concentration of water in the whole voxel", "Units": "mmol/L"},
    "line_width_hz": {"Description": "Voigt full width added to the basis set", "Units": "Hz"},
    "signal_to_noise": {"Description": "highest peak over twice the noise SD of the ideal average spectrum"},
    "spoiled_transients": {"Description": "transients ruined by motion, from 0, separated by blanks"},
    "bad_on_purpose": {"Description": "whether this recording is meant to be excluded"},
}
