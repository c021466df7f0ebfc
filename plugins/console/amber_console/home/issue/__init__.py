"""The issue page: one issue, one of its events, and everything known of both."""
