"""Power of a planned trial by simulation."""
