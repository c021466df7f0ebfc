"""What others may build on, as lines that can be compared: the public surface of Amber."""
