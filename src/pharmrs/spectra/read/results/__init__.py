"""Results of other programs in: LCModel, FSL-MRS, Osprey, Gannet, spant, TARQUIN."""
