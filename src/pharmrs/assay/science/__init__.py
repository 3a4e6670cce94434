"""Standard curves, back-calculation, limits, acceptance: readings in, concentrations out."""
