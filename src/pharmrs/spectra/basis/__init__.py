"""Basis sets: simulated from spin systems and sequences, broad components, checks against a protocol."""
