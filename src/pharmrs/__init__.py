"""pharmrs: from the raw recordings of a pharmacological MRS study to its scientific result."""

__version__ = "0.1.0"
