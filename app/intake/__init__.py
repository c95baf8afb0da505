"""An urgent-action document read into a draft: fields with their passages, and how sure we are.

The parser (`parsing`) is pure: text in, a reading out. `readers` open files, in a child process.
Only `drafting` writes, and nothing is published or sent from here.
"""
