"""Money: what was spent, what the rest allows, what the month will cost, what a token costs. Pure."""
