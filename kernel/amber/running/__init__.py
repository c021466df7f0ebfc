"""The processes of Amber: the edge, the worker, and what starts both."""
