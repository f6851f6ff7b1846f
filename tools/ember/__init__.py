"""Draws ember's training pictures, trains its networks and exports them in diffusers' format."""
