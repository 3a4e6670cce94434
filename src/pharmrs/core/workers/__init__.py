"""Who does tasks: this process, the cores of this computer, a cluster."""
