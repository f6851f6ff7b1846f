"""Other tools' files -> Preset."""
