"""An urgent-action document read into fields, each with its passage and how sure we are.

Pure: text in, a reading out. Opens nothing, writes nothing, asks nobody.
"""
