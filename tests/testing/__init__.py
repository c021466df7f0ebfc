"""What authors of plugins are given to test with."""
