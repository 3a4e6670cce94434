"""Pictures of spectra, fits, water and basis sets."""
