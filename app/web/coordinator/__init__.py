"""The numbers, for coordinators."""
