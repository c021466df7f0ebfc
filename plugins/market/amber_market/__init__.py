"""Where plugins come from: signed indexes, and the plugin that reads and makes them."""
