"""Tissues as a stage of a study, one unit a head; `pharmrs voxel`."""
