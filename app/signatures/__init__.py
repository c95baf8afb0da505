"""Sign, confirm, one letter per target, withdraw, forget."""
