"""Model weights that ship with the package (data, no code)."""
