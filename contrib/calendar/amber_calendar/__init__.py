"""The manifest of a plugin that runs in Node: see calendar.mjs."""
