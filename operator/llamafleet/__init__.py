"""llamafleet: Llama models on your own GPUs, sized, scheduled, scaled and kept inside a budget."""
