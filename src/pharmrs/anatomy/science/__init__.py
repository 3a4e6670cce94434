"""Brain, tissues, overlap of a box, registration: arrays in, records out."""
