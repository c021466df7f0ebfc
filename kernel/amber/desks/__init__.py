"""What API, console and commands ask for: each desk serves one matter to whoever may."""
