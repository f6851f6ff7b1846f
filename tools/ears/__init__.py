"""Training material and networks of the ears."""
