"""Kubernetes objects and status as plain dicts: one file per kind, nothing but construction.

Everything here is pure. It knows no client and no clock, and it decides nothing: sizes and counts
come from ``planning``. The same resource and plan always give the same objects.
"""
