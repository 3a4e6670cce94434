"""Voxels on the page: pictures, `tissue.tsv`, the section, the methods."""
