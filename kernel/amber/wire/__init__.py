"""What travels over the bus, and how it is counted."""
