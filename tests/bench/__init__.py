"""The benchmarks: every figure as a ratio against its limit, measured in the same run, interleaved."""
