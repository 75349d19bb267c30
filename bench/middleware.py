"""What does the middleware cost a portal? The same page with and without it, asked in turns: `python bench/middleware.py`.

Four portals are served on this machine: Django by wsgiref and Starlette by uvicorn, each without and with the middleware in the grade
`block`. The page is that of somebody who is logged in: session and login from SQLite, the twenty bills of the account through the ORM, and a
template. Each bill is noted as it is loaded, the page says whom it shows, and it is held until that is looked at. Counted are the time that
a request takes for who asks, and the CPU time of the server's whole process, so that the thread that writes the lines is in it.
"""

import argparse
import atexit
import http.client
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

from measure import middle

BASE = """<!doctype html><html lang="en"><head><title>{% block title %}{% endblock %}</title></head>
<body><nav><a href="/account">Account</a> <a href="/bills/">Bills</a> <a href="/logout">Log out {{ account }}</a></nav>
<main>{% block main %}{% endblock %}</main></body></html>"""
PAGE = """{% extends "base.html" %}{% block title %}Bills of {{ account }}{% endblock %}
{% block main %}<table>{% for bill in bills %}
<tr><td>{{ bill.number }}</td><td>{{ bill.amount }}</td><td>{{ bill.month }}</td>
<td>{% if bill.amount > 100 %}due{% else %}paid{% endif %}</td></tr>{% endfor %}</table>{% endblock %}"""
ROWS, ACCOUNTS, PAGES = 20, 200, 5
SETTINGS = {"key": bytes(range(32)), "grade": "block"}
TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=3000, help="of each portal, in rounds of 20")
    given = parser.parse_args()
    for name, serve in (("Django", serve_django), ("Starlette", serve_starlette)):
        folder = Path(tempfile.mkdtemp())
        portals = [Served(serve, folder / kind, watched=kind == "with") for kind in ("without", "with")]
        try:
            print(f"{name}: {compared(*portals, given.requests)}; load {os.getloadavg()[0]:.1f}")
        finally:
            for portal in portals:
                portal.end()
        lines = len((folder / "with" / "lines" / "shown.jsonl").read_text().splitlines())
        assert lines == given.requests + 200, f"{lines} lines"
        shutil.rmtree(folder)


def compared(without: "Served", within: "Served", requests: int) -> str:
    """Ask both in turns, and say what the second takes more than the first."""
    for portal in (without, within):
        for i in range(200):
            portal.ask(i)
    cpu = {portal: portal.cpu() for portal in (without, within)}
    spent = {without: [], within: []}
    for begin in range(0, requests, 20):
        for portal in (without, within) if begin % 40 else (within, without):
            spent[portal] += [portal.ask(i) for i in range(begin, begin + 20)]
    used = {portal: (portal.cpu() - before) / requests * 1e3 for portal, before in cpu.items()}
    took = {portal: middle(times) * 1e3 for portal, times in spent.items()}
    share = {what: found[within] / found[without] - 1 for what, found in (("took", took), ("used", used))}
    return (
        f"a request took {took[without]:.2f} ms without and {took[within]:.2f} ms with ({share['took']:+.1%}), "
        f"and {used[without]:.2f} and {used[within]:.2f} ms of CPU ({share['used']:+.1%})"
    )


class Served:
    """A portal that is served by a process of its own."""

    def __init__(self, serve, folder: Path, *, watched: bool) -> None:
        folder.mkdir()
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self.pid = os.fork()
        if not self.pid:
            signal.signal(signal.SIGTERM, lambda *_: (atexit._run_exitfuncs(), os._exit(0)))  # noqa: SLF001 - wsgiref passes over SystemExit
            serve(folder, listening, watched=watched)
            sys.exit(0)
        listening.close()
        self.link = http.client.HTTPConnection("127.0.0.1", self.port)

    def ask(self, number: int) -> float:
        """Ask for a page, and return the seconds it took. Who looks at one page looks at more."""
        begin = time.perf_counter()
        self.link.request("GET", "/bills/", headers={"Cookie": f"sid=session-{number // PAGES % ACCOUNTS}", "User-Agent": "Browser/1"})
        body = self.link.getresponse().read()
        took = time.perf_counter() - begin
        assert body.count(b"<tr>") == ROWS, body[:500]
        return took

    def cpu(self) -> float:
        """Return the CPU seconds of the server's process, once it is at rest."""
        time.sleep(0.3)
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def end(self) -> None:
        self.link.close()
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)


def serve_django(folder: Path, listening: socket.socket, *, watched: bool) -> None:
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

    import django
    from django.conf import settings

    stack = ["common.CommonMiddleware", "csrf.CsrfViewMiddleware", "clickjacking.XFrameOptionsMiddleware"]
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "portal.db", "CONN_MAX_AGE": None}
    database["OPTIONS"] = {"init_command": "PRAGMA synchronous=OFF"}  # filling it is not measured
    locmem = ("django.template.loaders.locmem.Loader", {"base.html": BASE, "bills.html": PAGE})
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "portal.db",
                "CONN_MAX_AGE": None,
                "OPTIONS": {"init_command": "PRAGMA synchronous=OFF"},
            }
        },
        INSTALLED_APPS=[f"django.contrib.{app}" for app in ("contenttypes", "auth", "sessions", "messages")],
        MIDDLEWARE=[
            *(["whosaw.middleware.django.Middleware"] if watched else []),
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            *(f"django.middleware.{name}" for name in stack),
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        ROOT_URLCONF=__name__,
        SECRET_KEY="k" * 50,
        SESSION_COOKIE_NAME="sid",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"loaders": [("django.template.loaders.cached.Loader", [locmem])]},
            }
        ],
        WHOSAW=SETTINGS | {"sink": folder / "lines", "own": lambda request: {request.user.get_username()}},
    )
    django.setup()
    globals()["urlpatterns"] = django_pages(watched=watched)
    from django.core.handlers.wsgi import WSGIHandler

    class Quiet(WSGIRequestHandler):
        disable_nagle_algorithm = True  # else head and body of an answer wait for each other

        def log_message(self, *_: object) -> None:
            pass

    server = WSGIServer(listening.getsockname(), Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.server_name, server.server_port = listening.getsockname()
    server.setup_environ()
    server.set_app(WSGIHandler())
    server.serve_forever()


def django_pages(*, watched: bool) -> list[object]:
    """Fill the database, and return the routes."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.decorators import login_required
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command
    from django.db import connection, models
    from django.shortcuts import render
    from django.urls import path

    from whosaw.middleware import shown
    from whosaw.middleware.django import note_loads

    class Bill(models.Model):
        account = models.CharField(max_length=20, db_index=True)
        number = models.CharField(max_length=20)
        amount = models.IntegerField()
        month = models.CharField(max_length=7)

        class Meta:
            app_label = "bills"

        def __str__(self) -> str:
            return self.number

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Bill)
    Bill.objects.bulk_create(Bill(**row) for row in bills())
    for number in range(ACCOUNTS):
        user = User.objects.create(username=f"A{number}")
        store = SessionStore(f"session-{number}")
        store._session_cache = {}  # noqa: SLF001 - it would be fetched, and another name made for it
        store.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend"})
        store[HASH_SESSION_KEY] = user.get_session_auth_hash()
        store.save(must_create=True)
    if watched:
        note_loads(Bill, "account", data="bill")

    @login_required
    def page(request):
        account = request.user.get_username()
        if watched:
            shown(account, data="bill", records=ROWS)
        return render(request, "bills.html", {"account": account, "bills": Bill.objects.filter(account=account)})

    return [path("bills/", page)]


def serve_starlette(folder: Path, listening: socket.socket, *, watched: bool) -> None:  # noqa: PLR0915 - a whole portal
    import jinja2
    import uvicorn
    from sqlalchemy import create_engine, select
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
    from starlette.applications import Starlette
    from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
    from starlette.concurrency import run_in_threadpool
    from starlette.middleware import Middleware
    from starlette.middleware.authentication import AuthenticationMiddleware
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    from whosaw.middleware import Portal, shown
    from whosaw.middleware.asgi import AsgiMiddleware
    from whosaw.middleware.sqlalchemy import note_loads

    class Base(DeclarativeBase):
        pass

    class Bill(Base):
        __tablename__ = "bill"
        id: Mapped[int] = mapped_column(primary_key=True)
        account: Mapped[str] = mapped_column(index=True)
        number: Mapped[str]
        amount: Mapped[int]
        month: Mapped[str]

    class Visitor(Base):
        __tablename__ = "session"
        sid: Mapped[str] = mapped_column(primary_key=True)
        login: Mapped[str]

    engine = create_engine(f"sqlite:///{folder}/portal.db")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(Bill(**row) for row in bills())
        session.add_all(Visitor(sid=f"session-{number}", login=f"A{number}") for number in range(ACCOUNTS))
        session.commit()
    pages = jinja2.Environment(autoescape=True, loader=jinja2.DictLoader({"base.html": BASE, "bills.html": PAGE}))

    def login(sid):
        with Session(engine) as session:
            return session.get(Visitor, sid).login

    class Logins(AuthenticationBackend):
        async def authenticate(self, conn):
            return AuthCredentials(), SimpleUser(await run_in_threadpool(login, conn.cookies["sid"]))

    def page(request):
        account = request.user.username
        if watched:
            shown(account, data="bill", records=ROWS)
        with Session(engine) as session:
            found = session.scalars(select(Bill).where(Bill.account == account)).all()
            return HTMLResponse(pages.get_template("bills.html").render(account=account, bills=found))

    middleware = [Middleware(AuthenticationMiddleware, backend=Logins())]
    if watched:
        note_loads(Bill, "account", data="bill")
        portal = Portal(folder / "lines", own=lambda scope: {scope["user"].username}, **SETTINGS)
        middleware.insert(0, Middleware(AsgiMiddleware, portal=portal, session_cookie="sid"))
    app = Starlette(routes=[Route("/bills/", page)], middleware=middleware)
    uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False)).run([listening])


def bills() -> list[dict[str, object]]:
    return [
        {"account": f"A{a}", "number": f"B{a * ROWS + n}", "amount": n * 7, "month": f"2026-{n % 12 + 1:02}"}
        for a in range(ACCOUNTS)
        for n in range(ROWS)
    ]


if __name__ == "__main__":
    main()
