"""News for the pages that are open, as they happen."""

from amber_console.home.live.hub import Hub, Reader, hub_of

__all__ = ["Hub", "Reader", "hub_of"]
