"""The contract that plugins are held to: ours keep it, and it sees those that do not."""
