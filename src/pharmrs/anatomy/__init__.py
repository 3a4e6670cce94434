"""Images of the head: tissue fractions of each voxel, and where it lies."""
