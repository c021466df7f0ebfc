"""What apps tell Amber beside errors, one plugin for each signal."""
