"""The protocols that clients speak to Amber; each plugin has its own folder, what they share stands beside them."""
