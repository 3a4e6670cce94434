"""Coils, alignment, eddy currents, residual water; each step returns data and what it did."""
