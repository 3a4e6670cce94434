"""Assay plates: standard curves, concentrations with their uncertainty, and the quality of plates."""
