"""Who may do what in Amber: project keys, API tokens, passwords and scopes."""
