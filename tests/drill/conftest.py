"""One large drill in which everything goes wrong, and one quiet one, each written once."""

import pytest

from whosaw.drill import write


@pytest.fixture(scope="session")
def quarter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quarter")
    return folder, write(folder, scenarios=["bad-quarter"], seed=1)


@pytest.fixture(scope="session")
def quiet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quiet")
    return folder, write(folder, scenarios=["quiet-month"], seed=1)


@pytest.fixture(scope="session")
def of_scenario(quarter):
    """Return a function from a scenario to its incidents in the bad quarter."""
    return lambda name: [incident for incident in quarter[1].incidents if incident.scenario == name]
