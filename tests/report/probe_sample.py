"""A small answer of a run of probes, with everything that can stand in one."""

from datetime import UTC, datetime, timedelta

from whosaw.probes.asking.findings import Ask, Check, Evidence, Finding, Outcome, Weakness

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KINDS = {"neighbour": ("foreign-record",), "relogin": ("account-mixup",), "overwrite": ("foreign-write",), "existence": ()}


def proof(other, relation="other tenant", place="body"):
    asked = Ask(other, "GET /bills/{ANN_BILL}", 200, 1200)
    return Evidence(
        seen_at=NOW,
        owner="ann",
        other=other,
        relation=relation,
        how="the owner's own request, with other credentials",
        baseline=Ask("ann", "GET /bills/{ANN_BILL}", 200, 1234),
        proof=asked,
        place=place,
        excerpt='"reference": "c…7…',
        curl='curl -sS -i -H "Cookie: $BOB_COOKIE" "https://portal.example/bills/${ANN_BILL}"',
    )


def outcome(**more):
    checks = [
        Check(probe="neighbour", claim="no login is shown another's records", state="found", checks=120, requests=120),
        Check(probe="relogin", claim="every login opens one's own account", state="clean", checks=18, requests=60),
        Check(
            probe="overwrite", claim="no login changes another's record", state="void", checks=0, requests=4, notes=["`bob` left\x1b[31m"]
        ),
        Check(probe="existence", claim="a refusal tells nothing", state="not asked", checks=0, requests=0, notes=["no `absent` id"]),
    ]
    found = Finding(
        id="P-1", kind="foreign-record", operation="GET /bills/{bill}", evidence=[proof(n) for n in ("bob", "cat", "dan", "eve")]
    )
    whole = {
        "target": "self-care portal",
        "made": NOW,
        "until": NOW + timedelta(seconds=42),
        "identities": ["ann", "bob"],
        "operations": 12,
        "provable": 9,
        "requests": 1234,
        "findings": [found],
        "weaknesses": [
            Weakness("cache-headers", f"GET /{page}", "a personal page has neither `no-store` nor `private`") for page in "abcde"
        ],
        "checks": checks,
        "doubts": ["one answer was cut"],
    }
    return Outcome(**{**whole, **more})
