"""Extension models by name, each with its outcome or the reason why there is none."""
