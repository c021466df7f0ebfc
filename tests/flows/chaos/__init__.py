"""Chaos: what keeps Amber alive is taken away at random, and then everything must add up."""
