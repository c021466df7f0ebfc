"""What a 200 survives: the loss of power, or the death of every process."""
