"""Bands and tables into genotypes."""
