"""The assay as a stage of a study, and what `pharmrs plate` does."""
