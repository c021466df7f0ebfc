"""Fixtures of the kernel's tests."""

from amber.testing.postgres import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]
