"""Judging spectra by eye: a local page, the log of decisions, agreement, its stage."""
