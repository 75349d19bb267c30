"""What is the live system asked, before a customer does? One file per check; `PROBES` is the list, in the order in which they are done."""

from whosaw.probes.anonymous import ANONYMOUS
from whosaw.probes.asking.run import Probe
from whosaw.probes.cached_page import CACHED_PAGE
from whosaw.probes.concurrent import CONCURRENT
from whosaw.probes.ended_session import ENDED_SESSION
from whosaw.probes.enumeration import ENUMERATION
from whosaw.probes.existence import EXISTENCE
from whosaw.probes.neighbour import NEIGHBOUR
from whosaw.probes.overwrite import OVERWRITE
from whosaw.probes.relogin import RELOGIN

PROBES: tuple[Probe, ...] = (
    CACHED_PAGE,
    ANONYMOUS,
    NEIGHBOUR,
    ENDED_SESSION,
    OVERWRITE,
    EXISTENCE,
    RELOGIN,
    CONCURRENT,
    ENUMERATION,
)
"""What shows a cause more surely comes before what would show it too; what may leave a system in disorder comes last."""
