"""What kills or hangs its worker: found, set aside, and told."""
