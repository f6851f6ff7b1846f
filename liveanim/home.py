"""Where the user's own files lie, as every system has it; asked here alone, so that tests put them elsewhere."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_NAME = "liveanim"


def config() -> Path:
    """Presets, shaders and maps of controllers of one's own, and what is set once for a machine."""
    return platformdirs.user_config_path(_NAME)


def state() -> Path:
    """What a running show leaves, to be taken up when it breaks off."""
    return platformdirs.user_state_path(_NAME)


def cache() -> Path:
    """What can be made again: compiled models, the built-in track."""
    return platformdirs.user_cache_path(_NAME)


def videos() -> Path:
    """Takes, films and stills that were given no place."""
    return platformdirs.user_videos_path() / _NAME
