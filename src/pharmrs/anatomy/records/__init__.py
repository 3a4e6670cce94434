"""What `anatomy:` declares, and images, boxes, fractions as they travel."""
