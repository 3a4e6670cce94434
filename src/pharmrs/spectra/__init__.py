"""Recordings into concentrations."""
