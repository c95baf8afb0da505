"""The door for operators: flask commands."""
