"""Which reported statistics disagree with each other."""
