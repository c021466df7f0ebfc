"""The index: its shape, its signature, and how one is made of wheels. Nothing here knows a running Amber."""
