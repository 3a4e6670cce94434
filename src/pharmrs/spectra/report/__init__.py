"""Spectra on the page: tables, checklist, methods, summaries."""
