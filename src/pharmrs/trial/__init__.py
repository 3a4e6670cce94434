"""Observations into the trial's result."""
