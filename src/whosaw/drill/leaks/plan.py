"""What will go wrong in this drill, and who takes part? Filled by the leaks, then handed to the writers of the logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whosaw.drill.bills import View
from whosaw.drill.carrier import Carrier
from whosaw.drill.clockwork import START
from whosaw.drill.companies import CompanyUser
from whosaw.drill.crm import LookUp
from whosaw.drill.dice import dice
from whosaw.drill.gateway import PartnersDropped
from whosaw.drill.people import Login
from whosaw.drill.portal import CacheHour, Mixup, Visit
from whosaw.drill.staff import Agent
from whosaw.drill.truth import Case

if TYPE_CHECKING:
    from random import Random


@dataclass(slots=True)
class Cast:
    """People who may take a part in a leak. Each is handed out once, so that no two leaks share one."""

    agents: list[Agent]
    users: list[CompanyUser]
    logins: list[Login]
    accounts: list[str]

    @classmethod
    def of(cls, carrier: Carrier, chance: Random) -> Cast:
        """Return everybody who is free: agents on the phone, users of one small company, consumers with an open account."""
        largest, *_ = carrier.business.companies
        small = [user for user in carrier.business.users if len(user.companies) == 1 and user.companies[0] != largest]
        logins = [login for login in carrier.consumers.logins if login.until is None and login.lines[0].since < START]
        bystanders = set(carrier.bystanders())
        return cls(
            agents=chance.sample(carrier.staff.phone, len(carrier.staff.phone)),
            users=chance.sample(small, len(small)),
            logins=chance.sample(logins, len(logins)),
            accounts=[account for account in carrier.open_accounts() if account not in bystanders],
        )


@dataclass(slots=True)
class Plan:
    """The faults, the planted lines and the cases they are noted in."""

    cast: Cast
    cases: list[Case] = field(default_factory=list)
    mixups: list[Mixup] = field(default_factory=list)
    cache_hours: list[CacheHour] = field(default_factory=list)
    dropped: list[PartnersDropped] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    look_ups: list[LookUp] = field(default_factory=list)
    apart: set[tuple[str, str]] = field(default_factory=set)

    def open(self, scenario: str, detectors: tuple[str, ...], channel: str, cause_kind: str) -> Case:
        """Return a new case, which the truth will report."""
        case = Case(scenario, detectors, channel, cause_kind)
        self.cases.append(case)
        return case


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a leak takes place: the operator, the seed, and which of several leaks of one kind it is."""

    carrier: Carrier
    seed: int
    turn: int

    def dice(self, scenario: str) -> Random:
        """Return the source of chance of this one leak."""
        return dice(self.seed, f"{scenario}/{self.turn}")
