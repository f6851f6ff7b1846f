"""liveanim: play Stable Diffusion like an instrument. Importing this needs no device and no torch."""

__version__ = "0.1.0"
