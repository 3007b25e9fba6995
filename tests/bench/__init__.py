"""The benchmarks. Most figures are ratios to a baseline that is measured in the same run, in alternation."""
