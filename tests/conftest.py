"""Which tests can run here, and the rule that on the build server a test that could run must run."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator

import hypothesis
import pytest

from liveanim import probes

STRICT = os.environ.get("LIVEANIM_CI") == "1"
# On the build server the same examples every time; everywhere else new ones at each run. A busy machine is no failure.
hypothesis.settings.register_profile("build server", derandomize=True, deadline=None)
hypothesis.settings.register_profile("anywhere", deadline=None)
hypothesis.settings.load_profile("build server" if STRICT else "anywhere")
MAY_SKIP = re.compile(
    r"\b(gpu|cuda|nvidia|mps|shared/data|shared data|test clips|macos|windows|npm registry)\b", re.IGNORECASE
)
"""Reasons for which a test may be skipped on the build server: a device, data or a way out that it does not have."""


@functools.cache
def _screen() -> str:
    answer = probes.ask("screen")
    return "" if answer.value("monitors") else f"no screen: {answer.problem or answer.value('why')}"


@functools.cache
def _audio() -> str:
    answer = probes.ask("sound")
    return "" if answer.value("inputs") else f"no sound server: {answer.problem or 'no sound input found'}"


@functools.cache
def _midi() -> str:
    answer = probes.ask("midi")
    return "" if answer.value("systems") else f"no MIDI server: {answer.problem or 'none answers'}"


@functools.cache
def _gpu() -> str:
    return "" if probes.ask("torch").value("gpus") else "no GPU that torch can use"


WHY_NOT: dict[str, Callable[[], str]] = {"screen": _screen, "audio": _audio, "midi": _midi, "gpu": _gpu}


@pytest.fixture(autouse=True, scope="session")
def _home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Presets, controller maps and states of shows that tests write are not the user's."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark, why_not in WHY_NOT.items():
        if item.get_closest_marker(mark) is not None and (reason := why_not()):
            pytest.skip(reason)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def forbidden(skips: Iterator[tuple[str, str]]) -> list[str]:
    """'test: reason' for every skip (test, reason) that the build server does not accept."""
    return [f"{name}: {reason}" for name, reason in skips if not MAY_SKIP.search(reason)]


def _forbidden_here(reporter: pytest.TerminalReporter) -> list[str]:
    skips = reporter.stats.get("skipped", [])
    return forbidden((report.nodeid, _reason(report)) for report in skips if not hasattr(report, "wasxfail"))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if STRICT and reporter is not None and exitstatus == pytest.ExitCode.OK and _forbidden_here(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = _forbidden_here(terminalreporter) if STRICT else []
    if rows:
        terminalreporter.section("skipped, but could run here (LIVEANIM_CI=1): a failure", red=True)
        for row in rows:
            terminalreporter.write_line(row)
