"""Text, tables, numbers, declarations and NIfTI containers in; every mistake told at once."""
