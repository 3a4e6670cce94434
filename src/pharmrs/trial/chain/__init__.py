"""The reference chain: levels, changes, main model, associations."""
