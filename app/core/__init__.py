"""The floor: database, errors, languages, templates, tokens, sealing. No word of the domain."""
