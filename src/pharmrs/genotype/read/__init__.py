"""Band tables and marker files in."""
