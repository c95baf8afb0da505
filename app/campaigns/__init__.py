"""The urgent action: texts per language, targets, letters, from draft to closed."""
