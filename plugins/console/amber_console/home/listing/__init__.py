"""The list of issues: what is asked for, how it is shown, and changing many at once."""
