"""Manifests that are good or bad, for every reader that must agree on them: the API server and a laptop."""
