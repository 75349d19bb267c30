"""Who lives in the make-believe country? Consumers and their numbers, families, and numbers that moved from one customer to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.clockwork import DAY, HOUR, START, Window
from whosaw.drill.dice import dice

if TYPE_CHECKING:
    from random import Random

NUMBERS = 100_000
"""All numbers under 4477009: invented, and never assigned to anybody."""

DEVICES = (
    "Mozilla/5.0 (Windows NT 6.1; rv:9.0) Gecko/20100101 Firefox/9.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:8.0) Gecko/20100101 Firefox/8.0",
    "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)",
    "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/535.7 (KHTML, like Gecko) Chrome/16.0.912.75 Safari/535.7",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_7_2) AppleWebKit/534.52 (KHTML, like Gecko) Version/5.1.2 Safari/534.52",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 5_0_1 like Mac OS X) AppleWebKit/534.46 (KHTML, like Gecko) Version/5.1 Mobile/9A405 Safari/7534",
    "Mozilla/5.0 (Linux; U; Android 2.3.4; en-gb) AppleWebKit/533.1 (KHTML, like Gecko) Version/4.0 Mobile Safari/533.1",
    "BlackBerry9780/6.0.0.526 Profile/MIDP-2.1 Configuration/CLDC-1.1",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/6.1; en) Presto/2.8.119 Version/11.10",
)

_TWO_NUMBERS, _FAMILY = 0.20, 0.08
_BEHIND_NAT = 0.30
_MOVED_BEFORE_WINDOW = 0.6


class Line(NamedTuple):
    """A number that belonged to an account from one time to another (`None`: still does)."""

    number: str
    account: str
    since: int
    until: int | None = None

    def held(self, since: int, until: int) -> bool:
        """Say whether the account held the number all that time."""
        return self.since <= since and (self.until is None or until <= self.until)


class Login(NamedTuple):
    """A consumer's way into the portal: one account, its numbers, and the device and address they come from."""

    name: str
    account: str
    since: int
    until: int | None
    lines: tuple[Line, ...]
    client: str
    device: str


class Move(NamedTuple):
    """A recycled number: the line as its new owner holds it, and the login of the one who held it before."""

    line: Line
    former: Login


@dataclass(frozen=True, slots=True)
class Supply:
    """Fresh account names and numbers: each is handed out once."""

    accounts: Iterator[str]
    numbers: Iterator[str]

    @classmethod
    def of(cls, seed: int) -> Supply:
        """Return a full supply, its numbers in an order of the seed's."""
        shift = dice(seed, "numbers").randrange(NUMBERS)
        # 7919 is prime and no divisor of the size, so every number comes exactly once and neighbours lie far apart.
        numbers = (f"4477009{(shift + turn * 7_919) % NUMBERS:05}" for turn in range(NUMBERS))
        return cls(accounts=(f"A{number}" for number in count(100_001)), numbers=numbers)

    def line(self, account: str, since: int) -> Line:
        """Return a new line of an account."""
        return Line(next(self.numbers), account, since)


@dataclass(frozen=True, slots=True)
class Consumers:
    """The consumers, and the numbers that moved between them."""

    logins: tuple[Login, ...]
    moves: tuple[Move, ...]

    def lines(self) -> tuple[Line, ...]:
        """Return every line that a consumer holds or held, once."""
        held = [line for login in self.logins for line in login.lines]
        return tuple(dict.fromkeys(held))


def long_ago(chance: Random) -> int:
    """Return a midnight between two months and about four years before the window."""
    return START - int(60 + chance.random() * 1_400) * DAY


def address(chance: Random) -> str:
    """Return a client's address: its own, or one of a few that thousands share behind a translator."""
    if chance.random() < _BEHIND_NAT:
        return f"100.64.0.{1 + int(chance.random() * 8)}"
    return f"198.18.{int(chance.random() * 256)}.{1 + int(chance.random() * 254)}"


def make_consumers(seed: int, *, accounts: int, supply: Supply, window: Window) -> Consumers:
    """Return consumers with so many open accounts."""
    chance = dice(seed, "consumers")
    moving = max(8, accounts // 50)
    logins, moves = [], []
    for number in range(accounts):
        if number < moving:
            move, owner = _moved(chance, supply, window)
            moves.append(move)
            logins += [owner, move.former]
        else:
            logins += _household(chance, supply)
    chance.shuffle(logins)
    return Consumers(tuple(logins), tuple(moves))


def _household(chance: Random, supply: Supply) -> list[Login]:
    account, since, kind = next(supply.accounts), long_ago(chance), chance.random()
    family = kind < _FAMILY
    size = 3 if family else 2 if kind < _FAMILY + _TWO_NUMBERS else 1
    lines = tuple(supply.line(account, since) for _ in range(size))
    home = address(chance)
    names = islice((f"u{account[1:]}", f"u{account[1:]}b"), 2 if family else 1)
    return [Login(name, account, since, None, lines, home, chance.choice(DEVICES)) for name in names]


def _moved(chance: Random, supply: Supply, window: Window) -> tuple[Move, Login]:
    if chance.random() < _MOVED_BEFORE_WINDOW:
        moved = START - int(1 + chance.random() * 300) * DAY + 9 * HOUR
        closed = moved - int(chance.random() * 45) * DAY
    else:
        moved = window.day(0.1 + chance.random() * 0.25) + 9 * HOUR
        closed = moved
    account, since = next(supply.accounts), closed - int(200 + chance.random() * 900) * DAY
    old = supply.line(account, since)._replace(until=closed)
    former = Login(f"u{account[1:]}", account, since, closed, (old,), address(chance), chance.choice(DEVICES))
    heir = next(supply.accounts)
    new = Line(old.number, heir, moved)
    began = moved - int(chance.random() * 700) * DAY
    owner = Login(f"u{heir[1:]}", heir, began, None, (new,), address(chance), chance.choice(DEVICES))
    return Move(new, former), owner
