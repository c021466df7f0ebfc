"""What Amber does a second, in how much memory, and beside a peer: `make bench` and `make soak`."""
