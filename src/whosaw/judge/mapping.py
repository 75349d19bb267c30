"""Which part of a cut line says what? A source's configuration and a layout become the SQL that makes ledger rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from whosaw.config import Operator, Pick, Route, Source, picks
from whosaw.engine.duckdb import named, quoted
from whosaw.errors import ConfigError
from whosaw.identifiers.disguises import TOKEN_PATTERN
from whosaw.layout import Shape, json_shape, shape_of
from whosaw.model import Layout, RecipientKind, data_mask

SHOWN = "(status is null or status between 200 and 299 or status = 304)"
"""Only these answers show data: a refusal or a redirection shows none (RFC 9110 s. 15)."""

SENT = "(cache is null or not (cache like '%denied%' or (cache like '%hit%' and cache not like '%refresh%')))"
"""A site is shown what stands in the request, whatever it answers; but a proxy that refuses or answers from its cache asks no site."""

SANE = "seen between timestamp '1990-01-01' and timestamp '2100-01-01'"
"""No log is older, and a clock that is a century ahead would stretch every scope to itself."""

_PATH = "^(?:[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*)?([^?#]*)"

KEYED = {
    "r": "recipient_text",
    "s": "session",
    "a": "client",
    "d": "device",
    "c": "named_customer",
    "p": "(coalesce(host, '') || uri)",
}
"""Of which text a row holds the pseudonym in a domain."""

_UNSCANNED = "(select *, null::struct(object bigint, form varchar, field varchar) as scanned from marked)"
"""The lines of a source in which nothing is scanned for numbers."""

_ANONYMOUS = (RecipientKind.CUSTOMER_LOGIN, RecipientKind.COMPANY_USER)


@dataclass(frozen=True)
class RowQueries:
    """`cut` takes lines apart into clear fields, `careful` takes rows of fields; `rows` makes keyed ledger rows of either.

    `plain` does as `cut` for lines whose fields were found already, and `moments` reads their times.
    """

    cut: str
    careful: str
    rows: str
    fields: tuple[str, ...]
    shape: Shape | None
    """How plain lines are built, which are cut without a pattern; nothing if there are none."""
    plain: str
    plain_rows: Callable[[Collection[str]], str]
    """The rows of plain lines whose times were found with the fields: nothing of them is to be kept but what they show.

    The pseudonyms of some domains may be looked up in `known (domain, text, key)` before they are made.
    """
    texts: str
    """The texts of plain lines whose pseudonyms their rows hold: a column for each domain of `KEYED`."""
    moments: str


def row_queries(source: Source, layout: Layout, operator: Operator, key: str, example: Sequence[bytes] = ()) -> RowQueries:
    """Return the queries for one source: `cut` reads `lines (n, line)`, `careful` reads `found (r)`, `rows` reads either's result.

    `plain` and `plain_rows` read `pieces (n, f, seen)`, `moments` takes a list of texts and gives the places and microseconds of times.
    The `example` lines show how a program writes its JSON.
    Raises `ConfigError` when a pick names a field, header or cookie that the format does not have.
    """
    build = _Builder(source, layout, operator, key)
    rows = build.rows()  # first: it notes which fields are used at all
    shape = build.shape(example)
    plain = build.plain(shape)
    texts = ", ".join(f"{text} as {domain}" for domain, text in KEYED.items())
    return RowQueries(
        cut=build.cut(),
        careful=build.careful(),
        rows=f"with {rows}",
        fields=tuple(build.used),
        shape=shape,
        plain=plain,
        plain_rows=lambda known: f"with cut as ({plain}), {build.rows(known)}",
        texts=f"with cut as ({plain}), {build.facts()} select {texts} from marked",
        moments=build.moments(),
    )


class _Builder:
    def __init__(self, source: Source, layout: Layout, operator: Operator, key: str) -> None:
        self.source, self.layout, self.operator, self.key = source, layout, operator, key
        self.used: dict[str, None] = {}
        self.roles = {**layout.roles, **source.columns}
        self._time = self._role("time", needed=True)
        self._site = source.recipient_kind is RecipientKind.SITE
        self._pseudonym = "rekeyed" if layout.keyed else "pseudonym"

    def cut(self) -> str:
        """Return the query that takes lines apart. A line that does not fit, or whose time cannot be read, has no `seen_at`."""
        names = list(self.used)
        if self.layout.kind == "pattern":
            groups = ", ".join(quoted(f"f{i}") for i in range(len(self.layout.fields)))
            inner = f"select n, regexp_extract(line, {quoted(self.layout.pattern)}, [{groups}]) as f from lines"
            raw = [f"f.f{self.layout.fields.index(name)}" for name in names]
        else:
            paths = dict(zip(self.layout.fields, self.layout.paths or self.layout.fields, strict=True))
            listed = ", ".join(quoted(paths[name]) for name in names)
            inner = f"select n, case when json_valid(line) then json_extract_string(line, [{listed}]) end as f from lines"
            raw = [f"f[{i}]" for i in range(1, len(names) + 1)]
        return self._timed(inner, [self._clean(text) for text in raw])

    def shape(self, example: Sequence[bytes]) -> Shape | None:
        """Return how plain lines are built; what holds pseudonyms already is not read that way."""
        if self.layout.keyed:
            return None
        time = self.roles["time"]
        own_clock = self.source.clock and self.source.clock != self.layout.clock
        if self.layout.kind == "json":
            found = json_shape(self.layout, self.used, "" if own_clock else time, example)
        else:
            found = shape_of(self.layout, self.used, "" if own_clock else time)
        return found if found and time in found.fields else None

    def plain(self, shape: Shape | None) -> str:
        """Return the query that takes the found fields of plain lines, in which nothing is quoted or escaped."""
        if shape is None:
            return ""
        places = {name: 2 * i + 1 for i, name in enumerate(shape.fields)}
        raw = [f"nullif(nullif(f[{places[name]}], '-'), '')" if name in places else "null::varchar" for name in self.used]
        if not shape.time:
            return self._timed("select n, f from pieces", raw)
        shown = ", ".join(f"{text} as {self._column(name)}" for text, name in zip(raw, self.used, strict=True))
        return f"select n, make_timestamp(seen) as seen_at, {shown} from pieces"

    def moments(self) -> str:
        """Return the query for the times among some texts: their places and microseconds. All seconds of such a minute are sane."""
        texts = f"select generate_subscripts(t, 1) - 1 as i, unnest(t) as {self._time} from (select ?::varchar[] as t)"
        timed = f"select i, {self._seen_at()} as seen from ({texts})"
        return f"select i, epoch_us(seen) from ({timed}) where {SANE} and seen + interval 59 second <= timestamp '2100-01-01'"

    def careful(self) -> str:
        """Return the query that takes rows from the careful path: the line number and then the used fields, all as text."""
        raw = [self._clean(f"r[{i}]") for i in range(2, len(self.used) + 2)]
        return self._timed("select r[1]::bigint as n, r from found", raw)

    def _timed(self, inner: str, raw: list[str]) -> str:
        shown = ", ".join(f"{text} as {self._column(name)}" for text, name in zip(raw, self.used, strict=True))
        timed = f"select *, {self._seen_at()} as seen from (select n, {shown} from ({inner}))"
        return f"select * exclude (seen), case when {SANE} then seen end as seen_at from ({timed})"

    def rows(self, known: Collection[str] = ()) -> str:
        """Return the query (without its `with`) that makes ledger rows, one per cut line; `is_disclosure` says which of them show data."""
        source, site = self.source, self._site

        def key(domain: str) -> str:
            anew = f"{self._pseudonym}('{domain}', {KEYED[domain]})"
            return f"coalesce(known_{domain}.key, {anew})" if domain in known else anew

        return f"""{self.facts()}
        select (getvariable('file')::bigint << 32) | n as id, seen_at, {quoted(source.name)} as source, n as source_line,
            {quoted(source.channel)} as channel, {quoted(source.vantage)} as vantage,
            coalesce(template, {self._shape()}) as route, is_self as self_route,
            {self._kind()} as recipient_kind, {key("r")} as recipient,
            {"lower(host)" if site else "null"} as site,
            {key("s")} as session, {key("a")} as client, {key("d")} as device, {key("c")} as customer,
            case when has_object or scanned.object is not null then object_type end as object_type,
            coalesce({self._object_key()}, scanned.object) as object,
            {key("p")} as page,
            mask as data, records, data_from, data_to, status, bytes, cache,
            pseudonym('s', filler_session) as filler_session, pseudonym('s', sets_session) as sets_session, claim,
            coalesce(scanned.field, {self._field()}) as field, coalesce(scanned.form, case when has_object then {self._form()} end) as form,
            {SENT if site else SHOWN} and not is_public and (has_customer or has_object or shows_alone or scanned.object is not null)
                as is_disclosure,
            {"null as recipient_text, null as named_customer" if self.layout.keyed else "recipient_text, named_customer"}
        from {"marked left join scanned using (n)" if self._scan_fields() else _UNSCANNED}
        {" ".join(_lookup(domain) for domain in known)}"""

    def facts(self) -> str:
        """Return the relations up to `marked`, in clear: the texts of each line, its route and what it shows."""
        source, roles = self.source, self.roles
        route, objects = self._routes()
        uri = self._role("uri")
        facts = {
            "uri": uri or "null",
            "path": _path(uri) if uri else "null",
            "host": self._host(uri),
            "method": self._role("method") or "null",
            "status": f"try_cast({self._role('status')} as smallint)" if "status" in roles else "null::smallint",
            "bytes": f"try_cast({self._role('bytes')} as bigint)" if "bytes" in roles else "null::bigint",
            "client": self._pick("client") or self._role("client") or "null",
            "who": self._pick("recipient") or "null",
            "session": self._pick("session") or "null",
            "device": self._pick("device") or "null",
            "named_customer": self._pick("customer") or "null",
            "named_object": self._pick("object") or "null",
            "cache": f"lower({self._pick('cache') or self._role('cache') or 'null'})",
            "sets_session": self._pick("sets_session") or "null",
            "filler_session": self._pick("filler_session") or "null",
            "claim": self._pick("claim") or "null",
            "screen": self._pick("screen") or "null",
            "records": f"try_cast({self._pick('records') or 'null'} as integer)",
            "data_from": f"try_cast({self._pick('data_from') or 'null'} as timestamp)",
            "data_to": f"try_cast({self._pick('data_to') or 'null'} as timestamp)",
        }
        if self.layout.keyed:
            facts |= {"told_field": self._role("field") or "null", "told_form": self._role("form") or "null"}
        one = ", ".join(f"{sql} as {named(name)}" for name, sql in facts.items())
        who = "host" if self._site and not source.recipient else "who"
        return f"""scanned as ({self._scanned()}),
        facts as (select n, seen_at, {one} from cut where seen_at is not null),
        routed as (select *, {route} as template from facts),
        placed as (select *, {objects} from routed),
        marked as (select *,
            coalesce(named_customer, '') <> '' as has_customer, coalesce(object_text, '') <> '' as has_object,
            {self._by_template(lambda r: str(data_mask(r.data or source.data)), str(data_mask(source.data)))} as mask,
            {self._by_template(lambda r: str(r.public).lower(), "false")} as is_public,
            {self._by_template(lambda r: str(bool(r.data) and not r.object).lower(), "false")} as shows_alone,
            {self._by_template(lambda r: str(r.self).lower(), "false")} as is_self,
            {who} as recipient_text
            from placed)"""

    # --- the parts -------------------------------------------------------------------------------------------------

    def _role(self, role: str, *, needed: bool = False) -> str:
        field = self.roles.get(role)
        if field is None:
            if not needed:
                return ""
            raise ConfigError(
                f"`{self.key}`: no field of format `{self.source.format or 'detected'}` says the {role}",
                hint=f'name it: columns = {{ {role} = "<field>" }}; fields are {self._known()}',
            )
        return self._use(field, f"{self.key}.columns.{role}")

    def _use(self, field: str, key: str) -> str:
        if field not in self.layout.fields:
            raise ConfigError(f"`{key}` names `{field}`, which the lines do not have", hint=f"fields are {self._known()}")
        self.used[field] = None
        return self._column(field)

    def _column(self, field: str) -> str:
        """Return the name of a field in our queries: a log may call its fields `n` or `seen_at`, or two of them `user` and `User`."""
        return f"field{self.layout.fields.index(field)}"

    def _known(self) -> str:
        return ", ".join(f"`{name}`" for name in self.layout.fields)

    def _pick(self, fact: str) -> str:
        tried = [self._one_pick(kind, name, fact) for kind, name in picks(self._configured(fact))]
        return f"coalesce({', '.join(tried)})" if tried else ""

    def _configured(self, fact: str) -> Pick:
        pick: Pick = getattr(self.source, fact)
        return pick or self.source.columns.get(fact, "") or (self.layout.roles.get(fact, "") if self.layout.keyed else "")

    def _one_pick(self, kind: str, name: str, fact: str) -> str:
        key = f"{self.key}.{fact}"
        if kind == "constant":
            return quoted(name)
        if kind == "field":
            return self._use(name, key)
        if kind == "query":
            uri = self._role("uri", needed=True)
            return f"nullif(decoded(regexp_extract({uri}, {quoted('[?&]' + re.escape(name) + '=([^&# ]*)')}, 1)), '')"
        if kind == "cookie":
            return self._cookie(name, key)
        held = self.layout.headers if kind == "header" else self.layout.responses
        field = held.get(name.lower())
        if field is None:
            raise ConfigError(
                f"`{key}` wants {kind} `{name}`, which the log format does not record",
                hint=f"recorded: {', '.join(f'`{kind}:{h}`' for h in held) or 'none'}; add it to the server's log format",
            )
        return self._use(field, key)

    def _cookie(self, name: str, key: str) -> str:
        if f"cookie_{name}" in self.layout.fields:
            return self._use(f"cookie_{name}", key)
        jar = self.layout.headers.get("cookie")
        if jar is None:
            raise ConfigError(
                f"`{key}` wants cookie `{name}`, which the log format does not record", hint="log the cookie, or the whole Cookie header"
            )
        return f"nullif(regexp_extract({self._use(jar, key)}, {quoted('(?:^|; *)' + re.escape(name) + '=([^;]*)')}, 1), '')"

    def _clean(self, raw: str) -> str:
        """Return a captured field without quotes and escapes, with the logs' signs for "nothing" as null."""
        text = raw
        if self.layout.unquote == "csv":
            text = f"case when starts_with({raw}, '\"') then replace({raw}[2:-2], '\"\"', '\"') else {raw} end"
        elif self.layout.unquote == "backslash":
            # what is no printable ASCII is written as \xHH, one byte each: %HH in another spelling
            bytewise = f"try(url_decode(replace(replace({raw}, '%', '%25'), '\\x', '%')))"
            text = (
                f"case when contains({raw}, '\\x') and not contains({raw}, '\\\\') then coalesce({bytewise}, {raw}) "
                f"else replace({raw}, '\\\"', '\"') end"
            )
        return f"nullif(nullif({text}, '-'), '')"

    def _seen_at(self) -> str:
        clock = self.source.clock or self.layout.clock
        zone = quoted(self.source.timezone or self.operator.timezone)
        t = self._time
        if clock == "clf":
            return f"try_strptime({t}, '%d/%b/%Y:%H:%M:%S %z') at time zone 'UTC'"
        if clock == "epoch":
            return f"try(make_timestamp((try_cast({t} as decimal(20, 6)) * 1000000)::bigint))"
        if clock == "epoch_ms":
            return f"try(make_timestamp(try_cast({t} as bigint) * 1000))"
        if clock == "iso":
            return f"moment({t}, {zone})"
        parsed = f"try_strptime({t}, {quoted(clock)})"
        return f"{parsed} at time zone 'UTC'" if "%z" in clock else f"timezone({zone}, {parsed}) at time zone 'UTC'"

    def _host(self, uri: str) -> str:
        parts = [self._role("host")] if "host" in self.roles else []
        if uri:
            # an absolute address (a proxy's), or the authority of a CONNECT; most are neither
            absolute = f"nullif(regexp_extract({uri}, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/@]*@)?(\\[[^\\]]*\\]|[^/:?#]+)', 1), '')"
            authority = f"nullif(regexp_extract({uri}, '^(\\[[^\\]]*\\]|[^/:?#]+):[0-9]+$', 1), '')"
            parts.append(f"case when not starts_with({uri}, '/') then coalesce({absolute}, {authority}) end")
        if not parts:
            return "null"
        # one site has one name: without a port, and without the dot of the root
        host = f"coalesce({', '.join(parts)})"
        bare = rf"regexp_replace({host}, '^([^:]+?|\[.*\])\.?(:[0-9]+)?$', '\1')"
        return f"lower(case when contains({host}, ':') or ends_with({host}, '.') then {bare} else {host} end)"

    def _kind(self) -> str:
        kind = self.source.recipient_kind
        if kind in _ANONYMOUS:
            return f"case when recipient_text is null then 'anonymous' else {quoted(kind)} end"
        return f"case when recipient_text is null then 'unknown' else {quoted(kind)} end"

    def _scanned(self) -> str:
        """Return the query that finds own numbers under any disguise, in any of the fields that are scanned."""
        texts = [f"{{field: {quoted(name)}, text: {self._use(name, f'{self.key}.scan')}}}" for name in self._scan_fields()]
        if not texts:
            return "select null::bigint as n, null::bigint as object, null::varchar as form, null::varchar as field where false"
        return f"""
            select n, object, f.form, field from (
            select n, arg_min(object, rank) as object, min(rank) as rank, arg_min(field, rank) as field
            from (select n, field, unnest(regexp_extract_all(decoded(decoded(text)), {quoted(TOKEN_PATTERN)})) as token
                  from (select n, unnest([{", ".join(texts)}], recursive := true) from cut where seen_at is not null)) t
            join disguised d on d.token = hash(case when regexp_full_match(t.token, '[0-9A-Fa-f]+') then lower(t.token) else t.token end)
            group by n) join forms f using (rank)"""

    def _scan_fields(self) -> list[str]:
        """Return the fields to scan: `header:*`, `cookie:*`, `uri`, or single picks."""
        found: dict[str, None] = {}
        for part in self.source.scan:
            kind, _, name = part.partition(":")
            held = {"header": self.layout.headers, "response": self.layout.responses}.get(kind, {})
            if name == "*":
                cookies = [f for f in self.layout.fields if f.startswith("cookie_")] if kind == "cookie" else []
                found.update(dict.fromkeys([*held.values(), *cookies]))
            elif name:
                found[held.get(name.lower(), name)] = None
            else:
                found[self.roles.get(part, part)] = None
        return list(found)

    def _subject(self) -> str:
        return "screen" if self.source.screen else "path"

    def _shape(self) -> str:
        """Return an unlisted page's address with everything that looks like an identifier left out."""
        return "screen" if self.source.screen else "regexp_replace(path, '/([^/]*[^/A-Za-z._~-][^/]*|[^/]{25,})', '/{id}', 'g')"

    def _routes(self) -> tuple[str, str]:
        subject = self._subject()
        cases = [f"when {_prefix_test(subject, r)} then {quoted(r.template)}" for r in self.source.route]
        route = f"case {' '.join(cases)} end" if cases else "null::varchar"
        texts = [f"when {quoted(r.template)} then {_object_text(subject, r)}" for r in self.source.route if r.object]
        types = [f"when {quoted(r.template)} then {quoted(r.object)}" for r in self.source.route if r.object]
        default_type = quoted(self.source.object_type or "object")
        text = f"case template {' '.join(texts)} else named_object end" if texts else "named_object"
        text = f"case when contains({text}, '%') then decoded({text}) else {text} end" if texts else text
        kind = f"case template {' '.join(types)} else {default_type} end" if types else default_type
        return route, f"{text} as object_text, {kind} as object_type"

    def _by_template(self, value: Callable[[Route], str], default: str) -> str:
        cases = [f"when {quoted(r.template)} then {value(r)}" for r in self.source.route]
        return f"case template {' '.join(cases)} else {default} end" if cases else default

    def _object_key(self) -> str:
        clear = "object_key(object_type, object_text)"
        return f"case when object_text like 'o:%' then rekeyed('o', object_text) else {clear} end" if self.layout.keyed else clear

    def _form(self) -> str:
        """Return how an object is wrapped that the line itself names."""
        return "coalesce(told_form, 'plain')" if self.layout.keyed else "'plain'"

    def _field(self) -> str:
        if self.layout.keyed:
            return "told_field"
        named_by = picks(self.source.object)
        if self.source.recipient_kind is not RecipientKind.SITE or not named_by:
            return "null"
        return quoted(named_by[0][1])


def _lookup(domain: str) -> str:
    return f"left join known known_{domain} on known_{domain}.domain = '{domain}' and known_{domain}.text = {KEYED[domain]}"


def _plain_path(path: str) -> str:
    """Return a path as the server reads it, its percent signs undone; those for a separator stay until the object is cut out."""
    kept = f"regexp_replace({path}, '%(2[fF]|3[fF]|23|25)', '%25\\1', 'g')"
    return f"case when contains({path}, '%') then decoded({kept}) else {path} end"


def pattern(route: Route) -> str:
    """Return the pattern of a template, as RE2 and Python read it: `{x}` is one segment, `*` is anything; the object is the group."""
    out = []
    for part in re.split(r"(\{[^}]*\}|\*)", route.template):
        if part == "*":
            out.append(".*")
        elif part.startswith("{"):
            out.append("([^/?#]+)" if part == "{" + route.object + "}" else "[^/?#]+")
        else:
            out.append(re.escape(part).replace(r"\-", "-").replace(r"\ ", " "))
    return f"^{''.join(out)}$"


def _prefix_test(subject: str, route: Route) -> str:
    """Return a test that is cheap for most lines: the literal beginning first, the pattern only after it."""
    literal = re.split(r"[{*]", route.template)[0]
    if literal == route.template:
        return f"{subject} = {quoted(literal)}"
    if rest := _last_segment(subject, route):
        return f"(starts_with({subject}, {quoted(literal)}) and {rest} <> '' and not ({' or '.join(_separators_in(rest))}))"
    return f"(starts_with({subject}, {quoted(literal)}) and regexp_matches({subject}, {quoted(pattern(route))}))"


def _object_text(subject: str, route: Route) -> str:
    """Return the text of a route's object in an address that fits its template."""
    return _last_segment(subject, route) or f"regexp_extract({subject}, {quoted(pattern(route))}, 1)"


def _last_segment(subject: str, route: Route) -> str:
    """Return what stands behind the literal beginning of a template that ends with its only placeholder, the object; else nothing."""
    literal, _, name = route.template.partition("{")
    return f"{subject}[{len(literal) + 1}:]" if literal.isascii() and "*" not in literal and name == f"{route.object}}}" else ""


def _separators_in(text: str) -> list[str]:
    return [f"contains({text}, '{separator}')" for separator in "/?#"]


def _path(uri: str) -> str:
    """Return the path of an address; most addresses are nothing else."""
    alone = " and ".join([f"starts_with({uri}, '/')", *(f"not contains({uri}, '{sign}')" for sign in "?#%")])
    cut_off = (
        f"case when starts_with({uri}, '/') then split_part(split_part({uri}, '?', 1), '#', 1) "
        f"else regexp_extract({uri}, {quoted(_PATH)}, 1) end"
    )
    return f"case when {alone} then {uri} else {_plain_path(cut_off)} end"
