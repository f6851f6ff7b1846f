"""One error inside another line: short, and never empty."""

from __future__ import annotations

import pytest

from liveanim.core.errors import UserError, brief, told_as


@pytest.mark.parametrize(
    ("error", "said", "with_kind"),
    [
        (ValueError("no such size\nTraceback of something"), "no such size", "ValueError: no such size"),
        (
            RuntimeError("\n  CUDA error: misaligned\n"),
            "CUDA error: misaligned",
            "RuntimeError: CUDA error: misaligned",
        ),
        (KeyError("text_embeds"), "'text_embeds'", "KeyError: 'text_embeds'"),
        (TimeoutError(), "TimeoutError", "TimeoutError"),
        (UserError(" \n"), "UserError", "UserError"),
        (
            OSError(28, "No space left on device", "/tmp/a.mp4"),
            "No space left on device",
            "OSError: [Errno 28] No space left on device: '/tmp/a.mp4'",
        ),
    ],
)
def test_an_error_is_told_in_one_line(error: Exception, said: str, with_kind: str) -> None:
    assert (brief(error), brief(error, kind=True)) == (said, with_kind)


def test_a_long_one_is_shortened() -> None:
    error = ValueError("x" * 119 + " y" * 500)
    assert brief(error) == "x" * 119
    assert brief(error, kind=True) == "ValueError: " + "x" * 108


def test_errors_of_the_system_become_lines_and_others_stay_as_they_are() -> None:
    with (
        pytest.raises(UserError, match=r"^a\.toml: cannot be read: No such file or directory$"),
        told_as("a.toml: cannot be read"),
    ):
        raise FileNotFoundError(2, "No such file or directory", "a.toml")
    with pytest.raises(UserError, match=r"^too large$"), told_as("a.toml: cannot be read"):
        raise UserError("too large")
    with pytest.raises(ValueError, match="no number"), told_as("a.toml: cannot be read"):
        raise ValueError("no number")
