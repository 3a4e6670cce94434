"""Exports of plate readers and layout tables in: one module per format, `registry.read_export` finds the right one."""
