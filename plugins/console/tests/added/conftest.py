from amber.testing.guests import guest, leave

__all__ = ["guest", "leave"]
