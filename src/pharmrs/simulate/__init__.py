"""Trials with known truth: signals, heads, plates and gels of a drawn trial; planted against recovered."""
