"""What `genotype:` and the file of a marker declare, lanes and calls as they travel."""
