"""What plugins add to the console: pages, pieces of other pages, and their files."""
