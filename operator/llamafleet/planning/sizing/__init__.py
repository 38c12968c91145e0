"""The shape of one replica: which GPUs, in which precision, at what price, and why."""
