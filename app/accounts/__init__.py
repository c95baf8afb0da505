"""Organisers, coordinators, administrators: who they are and what they may do."""
