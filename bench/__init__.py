"""Measurements that the project repeats: ratios of interleaved runs, never single figures."""
