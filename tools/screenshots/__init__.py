"""A demonstration Amber, and pictures of every page of it."""
