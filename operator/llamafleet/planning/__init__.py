"""Decisions: which GPUs a model needs, how many replicas, and why. Pure.

Nothing here reads a clock, a cluster or a file; given the same resource, pools and observation the
answer is the same, in the operator, on a laptop and in a simulation.
"""
