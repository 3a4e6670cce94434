"""Primers, digestion in silico, bands to calls, Hardy-Weinberg."""
