"""Processes on one machine: started, kept alive, ended, watched."""
