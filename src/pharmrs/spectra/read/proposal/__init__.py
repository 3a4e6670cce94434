"""A mapping table for `pharmrs import`, proposed from a folder of vendor files."""
