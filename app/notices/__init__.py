"""Our own mail to people: a trio of templates and a language in, a row of the outbox out."""
