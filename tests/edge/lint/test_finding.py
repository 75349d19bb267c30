"""Does a finding say what matters of a line, and nothing of a customer?"""

from whosaw.edge.lint import LINTS
from whosaw.edge.lint.finding import Spot, found


def test_a_finding_shows_no_number_and_no_more_than_a_line():
    finding = found(LINTS[0], Spot("squid.conf", 7, "request_header_add X-MSISDN\n 447700900123 " + "x" * 500))
    assert "447700900123" not in finding.what
    assert "4477…23" in finding.what
    assert len(finding.what) == 120
    assert "\n" not in finding.what
