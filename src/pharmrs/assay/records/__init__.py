"""What `assay:` declares, plates, standard curves and results as they travel."""
