"""For other people's portals: whose data did a page show, and was it the session's own? Imports nothing else of whosaw."""

from whosaw.middleware.lines import SettingError
from whosaw.middleware.note import asked_by, cached, shown, used
from whosaw.middleware.portal import Portal
from whosaw.middleware.sink import Files, Syslog

__all__ = ["Files", "Portal", "SettingError", "Syslog", "asked_by", "cached", "shown", "used"]
