"""Robust, censored, mixed and errors-in-variables regression."""
