"""The fit. From outside: `fit_spectrum` and the record `LinearCombinationFit`."""
