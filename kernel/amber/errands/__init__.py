"""Facts and webhooks on their way to plugins, and what plugins want done about them."""
