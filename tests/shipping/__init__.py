"""Writes the files that we ship and that come from other files: ``make generate`` calls it.

Each generator returns texts by their paths. Nothing here needs a cluster or its programs.
"""
