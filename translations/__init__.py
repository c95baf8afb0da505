"""The words of Outcry in other languages, and the command that keeps them up to date."""
