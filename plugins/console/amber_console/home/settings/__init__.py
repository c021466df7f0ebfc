"""The pages where projects, people, tokens and plugins are looked after."""
