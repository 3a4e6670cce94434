"""The joint model of metabolite and biomarker, censored values kept."""
