"""Scans as a stage of a study: settings, keys, cache, one scan's way; single spectra; imports."""
