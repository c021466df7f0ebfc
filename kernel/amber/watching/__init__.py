"""How each process is, and what it is doing right now."""
