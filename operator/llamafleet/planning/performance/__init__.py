"""How fast vLLM serves a shape: measured step times, and what follows from them for other shapes."""
