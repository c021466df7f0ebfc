"""What a plugin is, what it is asked and what it is handed."""
