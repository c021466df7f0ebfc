"""Whatever comes, every decoder answers or refuses: arbitrary bytes, and mutations of a corpus that is kept."""
