"""Amber's HTTP API."""
