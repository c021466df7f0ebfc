"""Machines that do anything in any order, held against models so small that they are plainly right."""
