"""Keeps every prompt on its side of the split: the registry, the gold set, and groups that touch both sides."""
