"""Amber's web pages."""
