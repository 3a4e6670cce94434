"""The standard curve itself: models, weights, fit, what a fitted curve says."""
