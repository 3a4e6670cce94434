"""Whether a scan can be what it says: one registry of checks of recordings, spectra, fits and concentrations."""
