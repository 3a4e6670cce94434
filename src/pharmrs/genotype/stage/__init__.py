"""Genotyping as a stage of a study, and what `pharmrs genotype` does."""
