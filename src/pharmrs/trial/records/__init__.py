"""What `design:`, `analysis:` and `power:` declare; observations, changes, results as they travel."""
