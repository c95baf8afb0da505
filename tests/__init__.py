"""Tests mirror the rooms and doors of `app/`."""
