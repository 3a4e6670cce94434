"""Allocation, observations, derivative values and reported statistics in."""
