"""Plugins that do not run inside Amber's own processes: what is said between the two sides, and both of them.

`rpc` is the language, `proxy` stands in the kernel for the plugin, `logins` are what the bus lets it do; `warden` and
`child` run where the plugin runs.
"""
