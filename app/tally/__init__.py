"""Counts appended where they happen and folded later. No person in them."""
