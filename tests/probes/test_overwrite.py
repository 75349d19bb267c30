"""A login that changes another's record is found, and every account is left as it was, also by a run that was cut short."""

import pytest

import selfcare
from whosaw.probes.asking.conduct import conduct
from whosaw.probes.asking.http import Http
from whosaw.probes.asking.journal import Journal
from whosaw.probes.overwrite import OVERWRITE


def test_a_foreign_write_is_found_and_put_back(portal, tmp_path):
    faulty = portal("write")
    before = dict(faulty.notes)
    found, _ = selfcare.found_on(faulty, tmp_path, OVERWRITE)
    assert found == {("foreign-write", "PUT /profile/{account}")}
    assert faulty.notes == before
    assert not (tmp_path / "journal").exists()


def test_a_portal_that_writes_to_the_askers_own_account_instead_is_put_back_and_no_finding(portal, tmp_path):
    odd = portal("write-own")
    before = dict(odd.notes)
    assert selfcare.found_on(odd, tmp_path, OVERWRITE)[0] == set()
    assert odd.notes == before


def test_nothing_is_written_without_leave(portal, tmp_path):
    faulty = portal("write")
    selfcare.found_on(faulty, tmp_path, OVERWRITE, writes=False)
    assert "PUT" not in {method for _, method, _, _ in faulty.asked}


class Killed(BaseException):
    """What ends a process in the middle."""


class DiesAfter:
    """A transport with which the process ends right after so many writes."""

    def __init__(self, inner, writes):
        self.inner, self.writes = inner, writes

    def send(self, request):
        answer = self.inner.send(request)
        if request.method == "PUT":
            self.writes -= 1
            if self.writes < 0:
                raise Killed
        return answer

    def close(self):
        self.inner.close()


@pytest.mark.parametrize("writes", range(6))
def test_the_next_run_puts_back_what_a_killed_one_left(portal, tmp_path, writes):
    faulty = portal("write")
    before = dict(faulty.notes)
    http = Http(timeout=5, most=100_000, monotonic=lambda: 0.0)
    with pytest.raises(Killed):
        conduct(selfcare.run_on(faulty, tmp_path, transport=DiesAfter(http, writes)), (OVERWRITE,), lambda _: None)
    assert Journal(tmp_path / "journal").open
    _, done = selfcare.found_on(faulty, tmp_path, OVERWRITE, writes=False)
    assert faulty.notes == before
    assert any("put back as it was" in doubt for doubt in done.outcome.doubts)
    assert not (tmp_path / "journal").exists()


def test_a_write_without_effect_proves_nothing(portal, tmp_path):
    right = portal()
    document = selfcare.document(right)
    document["write"][0]["value"] = "json:$.elsewhere"
    _, done = selfcare.found_on(right, tmp_path, OVERWRITE, changed=document)
    assert done.outcome.checks[0].state == "void"
    assert "has no effect" in done.outcome.checks[0].notes[0]
