"""Several spectra fitted together: what they share, what each has for itself, what follows a course over them."""
