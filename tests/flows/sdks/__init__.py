"""Errors from every SDK of today arrive whole: real programs in many languages against a running Amber."""
