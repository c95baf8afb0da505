"""The door for supporters: no account, no cookie, no script needed."""
