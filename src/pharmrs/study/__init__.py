"""A study from its folder to its report: validate, the list of stages, provenance, rerun."""
