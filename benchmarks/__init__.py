"""Measured claims: `python -m benchmarks` (or `make bench`)."""
