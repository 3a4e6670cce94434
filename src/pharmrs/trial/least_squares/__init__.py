"""Linear models as every other room of the trial uses them."""
