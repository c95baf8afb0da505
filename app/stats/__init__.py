"""Counts, never names. Reads the tally and nothing else about people."""
