"""``make e2e``: what we ship, installed as people do, on a real control plane and a real node.

A package, so that its one cluster ends with its last test: there is one real node at a time.
"""
