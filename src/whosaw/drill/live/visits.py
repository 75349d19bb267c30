"""What do ordinary people do at the live operator, and what do the curious try?

The curious try the same whether a fault is on or not: they are refused, or they are not.
Each visit yields after each request, so that whoever plays it sets the pace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from whosaw.drill.live.cast import Cast
from whosaw.drill.live.client import Client, Reply
from whosaw.drill.live.sites import PARTNER_HOSTS, STRANGER_HOSTS
from whosaw.drill.people import DEVICES, Login

REGULARS = 8
"""So few customers come so often that each logs in again and again."""

Steps = Iterator[Reply]


@dataclass(slots=True)
class World:
    """Where everything is, who plays, and whose turn it is."""

    cast: Cast
    urls: dict[str, str]
    sites: int
    switch_key: str
    phones: tuple[str, ...]
    chance: Random
    turns: Iterator[int]

    def client(self, place: str, who: int) -> Client:
        """Return somebody's browser or app: the same person always comes from the same address."""
        return Client(self.urls[place], source=f"127.0.3.{1 + who % 250}", agent=DEVICES[who % len(DEVICES)])

    def consumers(self) -> list[Login]:
        """Return the consumers who can log in, the regulars first."""
        return [login for login in self.cast.carrier.consumers.logins if login.until is None]

    def regular(self) -> tuple[int, Login]:
        """Return the next regular customer, and which one that is."""
        who = next(self.turns) % REGULARS
        return who, self.consumers()[who]

    def strangers(self) -> list[str]:
        """Return accounts of ordinary consumers who are no regulars."""
        return [login.account for login in self.consumers()[REGULARS : REGULARS + 12]]

    def bills(self, account: str) -> list[str]:
        """Return an account's bills."""
        return [invoice.bill for invoice in self.cast.invoices if invoice.account == account]


Visit = Callable[[World], Steps]


# --- ordinary people --------------------------------------------------------------------------------------------------


def browse(world: World) -> Steps:
    """A customer looks at all of the own pages, and at one of the help pages."""
    who, login = world.regular()
    with world.client("portal", who) as browser:
        yield browser.form("/login", login=login.name, password=world.cast.password(login.name))
        bill = world.chance.choice(world.bills(login.account))
        for page in ("/me", "/me/phonebook", "/help", "/bills", f"/bills/{bill}", f"/profiles/{login.account}"):
            yield browser.get(page)
        yield browser.form(f"/profiles/{login.account}", note=f"call me after {world.chance.randint(8, 20)}")
        yield browser.get("/me")
        if world.chance.random() < 0.1:
            yield browser.form("/logout")


def use_app(world: World) -> Steps:
    """A customer's app logs in, shows the account, renews its token, and shows the line."""
    who, login = world.regular()
    with world.client("portal", who) as app:
        yield app.log_in("/api/v1/token", login.name, world.cast.password(login.name))
        yield app.get("/api/v1/me")
        yield app.renew("/api/v1/token/refresh")
        yield app.get(f"/api/v1/numbers/{login.lines[0].number}")
        yield app.get("/me/phonebook")


def pass_by(world: World) -> Steps:
    """Somebody without a login, or a robot, looks at what is public and knocks at what is not."""
    with world.client("portal", 200 + world.chance.randrange(40)) as robot:
        for page in ("/", "/static/portal.css", "/help/numbers", "/robots.txt", "/me", "/api/v1/me", "/login"):
            yield robot.get(page)


def do_the_books(world: World) -> Steps:
    """A company's administrator looks at the own company's bills, in all the ways there are."""
    user = world.cast.carrier.business.users[next(world.turns) % 8]
    company = user.companies[0]
    line = world.chance.choice(company.lines)
    with world.client("bills", 100 + int(company.id[1:])) as desk:
        yield desk.log_in("/api/token", user.name, world.cast.password(user.name))
        yield from _bill_pages(desk, company.id, world.bills(line.account)[0], line.number)


def answer_a_call(world: World) -> Steps:
    """A customer rings, the agent verifies the caller and opens what the call is about."""
    agent = world.cast.carrier.staff.phone[next(world.turns) % 4].name
    line = world.chance.choice(
        [line for line in world.cast.carrier.lines() if line.until is None and line.account not in bystanders(world)]
    )
    with world.client("crm", 60) as switch, world.client("crm", 61) as desk:
        rings = switch.send("/switch/calls", {"number": line.number, "agent": agent}, X_Switch_Key=world.switch_key)
        yield rings
        contact = rings.json().get("contact", "")
        yield desk.log_in("/api/token", agent, world.cast.password(agent))
        yield desk.get("/search?q=a")
        yield desk.get(f"/customers/{line.account}?reason={contact}")
        yield desk.send(f"/contacts/{contact}/verify", {"pin": rings.json().get("pin", "")})
        yield desk.get(f"/customers/{line.account}?reason={contact}")
        yield desk.get(f"/customers/{line.account}/calls?reason={contact}")


def surf(world: World) -> Steps:
    """A phone visits a partner's site and two others through the gateway."""
    with Client(world.urls["gateway"], source=world.chance.choice(world.phones), agent="Opera/9.80 (J2ME/MIDP)") as phone:
        for host in (world.chance.choice(PARTNER_HOSTS), *world.chance.sample(STRANGER_HOSTS, 2)):
            yield phone.get(f"http://{host}:{world.sites}/")


# --- the curious ------------------------------------------------------------------------------------------------------


def try_bills(world: World) -> Steps:
    """A customer changes the number in the address of the own bill."""
    login = world.consumers()[0]
    with world.client("portal", 0) as browser:
        yield browser.form("/login", login=login.name, password=world.cast.password(login.name))
        yield browser.get(f"/bills/{world.bills(login.account)[0]}")
        for account in world.chance.sample(world.strangers(), 4):
            yield browser.get(f"/bills/{world.bills(account)[0]}")


def try_profiles(world: World) -> Steps:
    """A customer's app stores a note in others' profiles."""
    login = world.consumers()[1]
    with world.client("portal", 1) as app:
        yield app.log_in("/api/v1/token", login.name, world.cast.password(login.name))
        for account in world.chance.sample(world.strangers(), 4):
            yield app.send(f"/profiles/{account}", {"note": "hello"}, method="PUT")
            yield app.get(f"/profiles/{account}")


def try_companies(world: World) -> Steps:
    """A company's administrator asks for other companies' bills, in all the ways there are."""
    business = world.cast.carrier.business
    user = next(user for user in business.users if len(user.companies) == 1)
    with world.client("bills", 99) as desk:
        yield desk.log_in("/api/token", user.name, world.cast.password(user.name))
        for company in world.chance.sample([company for company in business.companies[1:] if company not in user.companies], 3):
            line = company.lines[0]
            yield from _bill_pages(desk, company.id, world.bills(line.account)[0], line.number)


def try_a_customer(world: World) -> Steps:
    """An agent opens somebody who has not rung, and gives no reason or one made up."""
    agent, account = world.cast.carrier.staff.phone[5].name, bystanders(world)[0]
    with world.client("crm", 62) as desk:
        yield desk.log_in("/api/token", agent, world.cast.password(agent))
        for page in (f"/customers/{account}", f"/customers/{account}/calls", f"/customers/{account}/calls?reason=T-1"):
            yield desk.get(page)


def try_the_old_number(world: World) -> Steps:
    """Customers open the page of a number that was theirs until half a year ago."""
    for turn, (login, number) in enumerate(world.cast.moves):
        with world.client("portal", 40 + turn) as app:
            yield app.log_in("/api/v1/token", login, world.cast.password(login))
            yield app.get(f"/api/v1/numbers/{number}")


def try_the_export(world: World) -> Steps:
    """Somebody has found a page that no document lists, and comes from another address each time."""
    for account in world.chance.sample(world.strangers(), 3):
        with world.client("portal", 200 + world.chance.randrange(40)) as robot:
            yield robot.get(f"/export/customers/{account}")


def bystanders(world: World) -> list[str]:
    """Return customers who never ring anybody."""
    return world.cast.carrier.bystanders()


def _bill_pages(desk: Client, company: str, bill: str, number: str) -> Steps:
    yield desk.get("/company")
    yield desk.get(f"/company/bills?company={company}")
    yield desk.get(f"/company/bills/{bill}")
    yield desk.send("/graphql", {"query": "query($id: ID!) { bill(id: $id) { bill total } }", "variables": {"id": bill}})
    yield desk.get(f"/company/lines/{number}")
    yield desk.get(f"/company/export?company={company}")


ORDINARY: tuple[Visit, ...] = (browse, use_app, pass_by, do_the_books, answer_a_call, surf)
CURIOUS: tuple[Visit, ...] = (try_bills, try_profiles, try_companies, try_a_customer, try_the_old_number, try_the_export)

DECK: tuple[Visit, ...] = (*ORDINARY * 3, browse, browse, use_app, surf, *CURIOUS)
"""What is dealt out, in an order of chance, before everything comes again."""
