"""A file of any usual kind into one clean text. Nothing here knows what an urgent action is.

Files come from strangers, so whatever opens them runs in a child process with little of anything
(`child`). No reader asks the network, runs what is in a document, or fetches what it points at.
"""
