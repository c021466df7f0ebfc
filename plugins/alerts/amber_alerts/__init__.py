"""Decides what Amber tells people, and whom."""
