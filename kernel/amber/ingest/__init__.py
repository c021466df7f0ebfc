"""From the socket to a durable 200."""
