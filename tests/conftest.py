"""What holds for every test: no network beyond this machine, no files of whoever runs them, the same examples on every run in CI."""

import os
import socket

import hypothesis
import pytest

import relations

hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


def pytest_addoption(parser):
    choices = [*relations.ENGINES, "all"]
    parser.addoption("--engine", choices=choices, default="all", help="the engine that runs what must be the same on every engine")


def pytest_generate_tests(metafunc):
    """A test that takes `engine_name` runs once on every engine asked for."""
    if "engine_name" in metafunc.fixturenames:
        asked = metafunc.config.getoption("--engine")
        metafunc.parametrize("engine_name", list(relations.ENGINES) if asked == "all" else [asked], scope="module")


@pytest.fixture(scope="session", autouse=True)
def _nobody_at_home(tmp_path_factory):
    """Keys, caches and settings of the person who runs the tests are neither read nor written."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name in [name for name in os.environ if name.startswith(("XDG_", "WHOSAW_"))]:
            patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch):
    """A test talks to the servers that it started itself, and to nobody else."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in {socket.AF_INET, socket.AF_INET6} and not address[0].startswith(("127.", "::1", "localhost")):
            pytest.fail(f"a test tried to reach {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
