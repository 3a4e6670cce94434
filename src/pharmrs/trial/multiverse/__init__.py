"""Every combination of defensible choices, and its specification curve."""
