"""A room of three files: resting-state connectivity of a seed with a target, read from a table per participant.

The example of the recipe "A kind of measurement" in CONTRIBUTING.md. In the house it would be `pharmrs/connectivity/`.
"""
