"""Files as scanners write them: through spec2nii, or read here where it refuses a release that people have."""
