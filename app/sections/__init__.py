"""Organisations and their national sections: languages, time zone, sender, policies."""
