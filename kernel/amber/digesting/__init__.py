"""From the bus to the stores."""
