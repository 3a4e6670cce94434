"""Single tests: ranks, Spearman, paired, permutation, bootstrap, adjustment of p."""
