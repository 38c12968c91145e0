"""The charts: what they render, what they refuse, and what Helm does with them."""
