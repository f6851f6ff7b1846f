"""Takes: performances kept as what they were made of. `format` says what a take is."""
