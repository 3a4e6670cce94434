"""Amplitudes into concentrations on every scale; quality and the rules it is judged by."""
