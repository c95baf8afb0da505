"""People who asked to hear what comes of an urgent action, or of new ones. Never needed to sign."""
