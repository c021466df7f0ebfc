"""Amber's public face: everything a plugin may build on.

`hookimpl` marks a plugin's answers to the hooks of `amber.plugin.spec`; `model` and `errors` hold the words both
sides share; a `Context` is what a plugin is handed; `Secret` is the type of a configuration value that is never shown.
Nothing else is public.
"""

from amber import errors, model
from amber.model.secrets import Secret
from amber.plugin.context import Context
from amber.plugin.spec import hookimpl

__all__ = ["Context", "Secret", "errors", "hookimpl", "model"]
