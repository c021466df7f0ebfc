"""Where Amber tells people what happened."""
