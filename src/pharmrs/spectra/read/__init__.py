"""Recordings, basis sets, pulses and finished tables in."""
