"""A small self-care portal on loopback. Each fault is a switch; with none it is right. It counts what it was asked, and by whom."""

import contextlib
import html
import json
import re
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from whosaw.config import probing
from whosaw.probes import PROBES
from whosaw.probes.asking.conduct import conduct
from whosaw.probes.asking.gate import Gate
from whosaw.probes.asking.http import Http
from whosaw.probes.asking.journal import Journal
from whosaw.probes.asking.run import Run

PEOPLE = {
    "ann": {"account": "A-1001", "tenant": "T1", "bill": "B-5001", "msisdn": "447700900101", "name": "Ann Ash"},
    "bob": {"account": "A-1002", "tenant": "T2", "bill": "B-5002", "msisdn": "447700900102", "name": "Bob Birch"},
    "cat": {"account": "A-1003", "tenant": "T1", "bill": "B-5003", "msisdn": "447700900103", "name": "Cat Cedar"},
    "zoe": {"account": "A-1077", "tenant": "T9", "bill": "B-5077", "msisdn": "447700900177", "name": "Zoe Zelkova"},
}
"""The last one is a real customer of this make-believe portal: whoever asks for her records in a test has done what must never be done."""
PASSWORD = "right-horse"  # noqa: S105
OURS = ("ann", "bob", "cat")


@dataclass
class Portal:
    faults: set = field(default_factory=set)
    port: int = 0
    sessions: dict = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)
    refreshes: dict = field(default_factory=dict)
    notes: dict = field(default_factory=lambda: {name: f"canary-{secrets.token_hex(6)}" for name in PEOPLE})
    canaries: dict = field(default_factory=lambda: {name: f"canary-{secrets.token_hex(6)}" for name in PEOPLE})
    asked: list = field(default_factory=list)
    cache: dict = field(default_factory=dict)
    logins: dict = field(default_factory=dict)
    lifetime: float = 1e9
    limit: int = 0
    counted: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def whose(self, value, key):
        return next((name for name, person in PEOPLE.items() if person[key] == value), None)


class Handler(BaseHTTPRequestHandler):
    portal = None
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(ConnectionError, TimeoutError):  # a client that hangs up
            super().handle()

    # --- who asks ---

    def who(self):
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if bearer in self.portal.tokens:
            name, until = self.portal.tokens[bearer]
            return name if time.monotonic() < until else None
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("sid")
        return self.portal.sessions.get(cookie.value if cookie else "")

    # --- answering ---

    def say(self, status, body, kind="application/json", headers=()):
        raw = body if isinstance(body, bytes) else body.encode()
        self.reply = (status, [("Content-Type", kind), *headers], raw)

    def data(self, value, status=200, headers=()):
        # volatile on purpose: no two answers are equal
        self.say(status, json.dumps({**value, "served": time.time_ns(), "trace": secrets.token_hex(8)}), headers=headers)

    def send(self):
        status, headers, raw = self.reply
        self.send_response(status)
        for pair in headers:
            self.send_header(*pair)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def do(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.sent = self.rfile.read(length)
        self.path_only, _, self.query = self.path.partition("?")
        self.me = self.who()
        with self.portal.lock:
            self.portal.counted += 1
            self.portal.asked.append((self.me, self.command, self.path, self.sent))
            limited = self.portal.limit and self.portal.counted % self.portal.limit == 0
        if limited:
            self.say(429, "{}", headers=[("Retry-After", "0")])
        elif not self.from_cache():
            self.route()
        self.send()

    do_GET = do_POST = do_PUT = do_HEAD = do  # noqa: N815

    def from_cache(self):
        """A shared cache without identity in its key, for pages that a fault lets it keep; or for whatever looks like a file."""
        key = self.path
        kept = ("cached-page" in self.portal.faults and self.path_only == "/phonebook") or (
            "cached-cookie" in self.portal.faults and self.path_only == "/help"
        )
        if "right-cache" in self.portal.faults and self.path_only in {"/phonebook", "/help"}:
            key, kept = (self.path, self.headers.get("Cookie", "")), True  # who asks is part of the key
        kept = kept or ("deception" in self.portal.faults and self.path_only.endswith(".css"))
        if self.command != "GET" or not kept:
            return False
        if key in self.portal.cache:
            self.reply = self.portal.cache[key]
            return True
        self.route()
        if self.reply[0] == 200:
            self.portal.cache[key] = self.reply
        return True

    def route(self):
        path = self.path_only
        if "deception" in self.portal.faults:
            path = re.sub(r"(?:/|;|%0a|)whosaw\.css$|\.css$", "", path)
        for pattern, method in ROUTES:
            found = re.fullmatch(pattern, path)
            if found:
                return getattr(self, method)(*map(unquote, found.groups()))
        return self.say(404, f"<html><h1>No such page {html.escape(path)}</h1></html>", "text/html")

    def guarded(self, owner, fault, *, shown, asked):
        """The rule of all records: only the owner's, unless the fault is on. A refusal repeats what was asked for."""
        if self.me is None and not {"anonymous", f"anonymous:{fault}"} & self.portal.faults:
            return self.say(401, json.dumps({"error": f"log in to see {asked}"}))
        if owner is None and "tells" in self.portal.faults:
            return self.say(410, "{}")
        if owner is None or (owner != self.me and fault not in self.portal.faults and self.me is not None):
            return self.say(404, json.dumps({"error": f"no {asked}", "you": PEOPLE[self.me]["account"] if self.me else None}))
        return self.data(shown(owner))

    # --- pages ---

    def help(self):
        headers = [("Cache-Control", "public, max-age=60")]
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("sid")
        if "cached-cookie" in self.portal.faults and cookie:
            headers.append(("Set-Cookie", f"sid={cookie.value}; Path=/"))
        self.say(200, "<p>how to read a bill</p>", "text/html", headers)

    def login(self):
        if self.command == "GET":
            return self.say(200, f'<form><input name="csrf" value="{secrets.token_hex(4)}"></form>', "text/html")
        form = dict(parse_qsl(self.sent.decode()))
        if form.get("password") != PASSWORD or form.get("login") not in PEOPLE or not form.get("csrf"):
            return self.say(401, "<p>wrong</p>", "text/html")
        sid = secrets.token_hex(12)
        self.portal.sessions[sid] = self.opened(form["login"])
        return self.say(303, "", "text/html", [("Set-Cookie", f"sid={sid}; Path=/; HttpOnly"), ("Location", "/me")])

    def opened(self, name):
        turn = self.portal.logins[name] = self.portal.logins.get(name, 0) + 1
        if "relogin" in self.portal.faults and turn % 3 == 0:
            return "zoe"
        return name

    def token(self):
        sent = json.loads(self.sent)
        name = self.portal.refreshes.pop(sent.get("refresh"), None)
        if name is None and sent.get("password") == PASSWORD and sent.get("login") in PEOPLE:
            name = self.opened(sent["login"])
        if name is None:
            return self.say(401, "{}")
        token, refresh = secrets.token_hex(12), secrets.token_hex(12)
        self.portal.tokens[token] = (name, time.monotonic() + self.portal.lifetime)
        self.portal.refreshes[refresh] = name
        return self.say(200, json.dumps({"access": token, "refresh": refresh}))

    def logout(self):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("sid")
        if cookie and "ended" not in self.portal.faults:
            self.portal.sessions.pop(cookie.value, None)
        self.portal.tokens.pop(self.headers.get("Authorization", "").removeprefix("Bearer "), None)
        self.say(303, "", "text/html", [("Location", "/help")])

    def self_page(self):
        if self.me is None:
            return self.say(302, "", "text/html", [("Location", "/login")])
        name = self.me
        if "mixup" in self.portal.faults:
            with self.portal.lock:
                self.portal.mixes = getattr(self.portal, "mixes", 0) + 1
                if self.portal.mixes % 250 == 0:
                    name = next(other for other in OURS if other != self.me)
        person = PEOPLE[name]
        page = (
            f"<h1>Hello {person['name']}</h1><p>account <b>{person['account']}</b></p><p>{self.portal.canaries[name]}</p>{time.time_ns()}"
        )
        return self.say(200, page, "text/html")

    def phonebook(self):
        if self.me is None:
            return self.say(401, "{}")
        return self.data({"phonebook": [self.portal.canaries[self.me]]})

    def bill(self, number):
        if "strict" in self.portal.faults and self.query:
            return self.say(400, "{}")
        owner = self.portal.whose(number, "bill")
        return self.guarded(
            owner, "bill", asked=f"bill {number}", shown=lambda who: {"bill": number, "reference": self.portal.canaries[who]}
        )

    def nested(self, account, number):
        owner = self.portal.whose(number, "bill")
        mine = account == (PEOPLE[self.me]["account"] if self.me else None)
        if not mine or owner is None or (owner != self.me and "nested" not in self.portal.faults):
            return self.say(403, json.dumps({"error": f"{account} {number}"}))
        return self.data({"bill": number, "reference": self.portal.canaries[owner]})

    def search(self):
        given = parse_qs(self.query).get("account", [])
        if self.me is None or not given:
            return self.say(401, "{}")
        mine = PEOPLE[self.me]["account"]
        last = given[-1].split(",")
        shown = last if "pollution" in self.portal.faults and given[0] == mine else [value for value in last if value == mine]
        return self.data(
            {"found": [self.portal.canaries[self.portal.whose(value, "account")] for value in shown if self.portal.whose(value, "account")]}
        )

    def number(self):
        wanted = self.headers.get("X-Number") if "header" in self.portal.faults else None
        if self.me is None:
            return self.say(401, "{}")
        owner = self.portal.whose(wanted, "msisdn") or self.me
        return self.data({"calls": [self.portal.canaries[owner]]})

    def graphql(self):
        sent = json.loads(self.sent or b"{}")
        number = sent.get("variables", {}).get("id")
        numbers = number if isinstance(number, list) else [number]
        if self.me is None:
            return self.say(401, "{}")
        owners = [self.portal.whose(value, "bill") for value in numbers]
        shown = [owner for owner in owners if owner and (owner == self.me or "graphql" in self.portal.faults)]
        return self.data({"data": {"bills": [self.portal.canaries[owner] for owner in shown] or None}})

    def redirected(self, number):
        owner = self.portal.whose(number, "bill")
        if owner == self.me and owner:
            return self.data({"reference": self.portal.canaries[owner]})
        body = f"<p>{self.portal.canaries[owner]}</p>" if "redirect" in self.portal.faults and owner else ""
        return self.say(302, body, "text/html", [("Location", "/login")])

    def profile(self, account):
        owner = self.portal.whose(account, "account")
        if self.me is None:
            return self.say(401, "{}")
        if self.command == "PUT":
            if owner != self.me and "write" not in self.portal.faults:
                if "write-own" in self.portal.faults:
                    owner = self.me
                else:
                    return self.say(404, "{}")
            self.portal.notes[owner] = json.loads(self.sent)["note"]
            return self.say(204, b"")
        if owner != self.me:
            return self.say(404, "{}")
        return self.data({"account": account, "note": self.portal.notes[owner], "mark": self.portal.canaries[owner]})

    def export(self, account):
        owner = self.portal.whose(account, "account")
        if "export" in self.portal.faults and owner:
            return self.data({"all": self.portal.canaries[owner]})
        return self.say(404, "{}")

    def tenant(self):
        """Legitimately shared by everybody who is logged in."""
        return self.data({"news": "prices rise"} if self.me is None else {"hall of fame": self.portal.canaries["ann"]})

    def big(self):
        self.say(200 if self.me else 401, b"x" * 3_000_000, "text/plain")

    def elsewhere(self):
        self.say(302, "", "text/html", [("Location", "http://evil.example/login")])

    def broken(self):
        self.say(500, "<html>oops</html>", "text/html")


ROUTES = [
    (r"/|/help", "help"),
    (r"/login", "login"),
    (r"/api/token", "token"),
    (r"/logout", "logout"),
    (r"/me", "self_page"),
    (r"/phonebook", "phonebook"),
    (r"/bills/([^/]+)", "bill"),
    (r"/accounts/([^/]+)/bills/([^/]+)", "nested"),
    (r"/search", "search"),
    (r"/number", "number"),
    (r"/graphql", "graphql"),
    (r"/redirected/([^/]+)", "redirected"),
    (r"/profile/([^/]+)", "profile"),
    (r"/internal/export/([^/]+)", "export"),
    (r"/hall", "tenant"),
    (r"/big", "big"),
    (r"/broken", "broken"),
    (r"/elsewhere", "elsewhere"),
]


def serve(portal):
    """Start a portal in threads; `stop` ends it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"portal": portal}))
    server.daemon_threads = True
    portal.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop():
        server.shutdown()
        server.server_close()

    return stop


def document(portal, **more):
    """The target file of the portal as a parsed document, with what a test changes."""
    identities = [
        {
            "name": name,
            "tenant": PEOPLE[name]["tenant"],
            "login": "form",
            "secrets": {"password": "env:PASSWORD"},
            "marker": PEOPLE[name]["account"],
            "canaries": [portal.canaries[name]],
            "ids": {key: PEOPLE[name][key] for key in ("account", "bill", "msisdn")},
        }
        for name in OURS
    ]
    return {
        "url": portal.url,
        "self": "/me",
        "public": ["/", "/help", "/login"],
        "shared": ["/hall"],
        "id_headers": {"X-Number": "msisdn"},
        "login": {
            "form": {
                "steps": [
                    {"method": "GET", "path": "/login", "take": {"csrf": 'regex:name="csrf" value="([^"]+)"'}},
                    {"path": "/login", "form": {"login": "{name}", "password": "{password}", "csrf": "{csrf}"}, "expect": [303]},
                ],
                "logout": [{"path": "/logout", "follow": False}],
            },
            "json": {
                "steps": [
                    {
                        "path": "/api/token",
                        "json": {"login": "{name}", "password": "{password}"},
                        "take": {"access": "json:$.access", "refresh": "json:$.refresh"},
                    }
                ],
                "refresh": [
                    {
                        "path": "/api/token",
                        "json": {"refresh": "{refresh}"},
                        "take": {"access": "json:$.access", "refresh": "json:$.refresh"},
                    }
                ],
                "headers": {"Authorization": "Bearer {access}"},
            },
        },
        "identity": identities,
        "operation": [
            {"path": "/me"},
            {"path": "/phonebook"},
            {"path": "/bills/{bill}"},
            {"path": "/accounts/{account}/bills/{bill}"},
            {"path": "/search?account={account}"},
            {"path": "/number"},
            {"path": "/redirected/{bill}"},
            {"path": "/profile/{account}"},
            {"path": "/internal/export/{account}"},
            {"path": "/hall"},
            {
                "path": "/graphql",
                "method": "POST",
                "reads": True,
                "json": {"query": "query($id: ID!){ bill(id: $id) }", "variables": {"id": "{bill}"}},
            },
        ],
        "write": [{"path": "/profile/{account}", "json": {"note": "{nonce}"}, "read": "/profile/{account}", "value": "json:$.note"}],
        "budget": {"rate": 1000.0},
        "checks": {"expiry": "0s"},
        **more,
    }


def customers_asked_for(portal):
    """The real customers whose ids stood in any request."""
    zoe = PEOPLE["zoe"]
    texts = [unquote(urlsplit(path).path + path) + sent.decode("utf-8", "replace") for _, _, path, sent in portal.asked]
    return [text for text in texts if any(zoe[key] in text for key in ("account", "bill", "msisdn"))]


def _now():
    return datetime.now(UTC)  # noqa: TID251 - a test's clock


def run_on(portal, folder, *, clock=None, pause=time.sleep, transport=None, environ=None, writes=True, changed=None, target=None):
    """A run on the portal, ready to be conducted. `changed` is the document of the target, if it is not the usual one."""
    target = target or probing.parse(changed or document(portal))
    http = transport or Http(timeout=5, most=target.budget.answer_bytes, monotonic=time.monotonic)
    gate = Gate(http, target.budget, [target.url, *target.hosts], clock=clock or _now, pause=pause)
    return Run(target, gate, folder, environ or {"PASSWORD": PASSWORD}, Journal(folder / "journal"), writes=writes)


def found_on(portal, folder, *probes, **how):
    """What the probes find on the portal: pairs of kind and operation, and the whole answer."""
    done = conduct(run_on(portal, folder, **how), probes or PROBES, lambda _: None)
    return {(finding.kind, finding.operation) for finding in done.outcome.findings}, done


def toml(document):
    """A target as TOML; every table is written inline."""
    return "".join(f"{key} = {_inline(value)}\n" for key, value in document.items())


def _inline(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(_inline, value)) + "]" if isinstance(value, list) else json.dumps(value)
