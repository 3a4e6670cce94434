"""Writing whole or not at all, checksums, where things lie, records as JSON."""
