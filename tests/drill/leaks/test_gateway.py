import itertools
from datetime import datetime

import pytest

from drill.second_opinion import rows
from whosaw.drill import write

SINCE, UNTIL = "2012-01-10T02:14", "2012-01-25T14:00"


@pytest.fixture(scope="module", params=[8, 9], ids=["even seed", "odd seed"])
def leak(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway")
    truth = write(folder, scenarios=["o2-headers-2012"], seed=request.param)
    return request.param, folder, truth


def test_the_partner_list_is_gone_for_fifteen_days(leak):
    _, _, truth = leak
    (incident,) = truth.incidents
    assert SINCE <= incident.first_true < "2012-01-10T02:40"
    assert "2012-01-25T13:30" < incident.last < UNTIL
    assert len(incident.recipients) > 40
    assert incident.cause == {"kind": "header", "value": "note_msisdn"}


def test_only_an_odd_seed_loses_the_log_around_the_start(leak):
    seed, folder, truth = leak
    (incident,) = truth.incidents
    times = sorted(t for file, _, t, _ in rows(folder, "gateway") if file.endswith("gw-2.log"))
    silence = max((b - a).total_seconds() for a, b in itertools.pairwise(times))
    if seed % 2:
        ((file, since, until),) = truth.gaps
        assert file == "logs/gateway/gw-2.log"
        assert not [t for t in times if datetime.fromisoformat(since) <= t < datetime.fromisoformat(until)]
        assert silence > 3 * 3_600
        assert incident.first_true < until <= incident.first
    else:
        assert truth.gaps == ()
        assert silence < 3_600
        assert incident.first_true == incident.first


def test_the_loggable_first_time_is_the_first_leaking_line(leak):
    _, folder, truth = leak
    wrong = set(truth.unentitled_rows)
    first = min(t for file, number, t, _ in rows(folder, "gateway") if (file, number) in wrong)
    assert first == datetime.fromisoformat(truth.incidents[0].first)
