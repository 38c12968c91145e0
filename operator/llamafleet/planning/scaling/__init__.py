"""How many replicas the queue asks for: a pure function of what was read and what is remembered."""
