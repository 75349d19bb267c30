"""Was the claim of a probe kept by what each origin received? A request is judged by its bytes, never by what a proxy says of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from whosaw.edge.verify.asking import SPOOF
from whosaw.edge.verify.raw import IN_VAIN
from whosaw.edge.verify.scene import fold
from whosaw.identifiers import mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.edge.verify.asking import Ask
    from whosaw.edge.verify.origins import Arrived
    from whosaw.edge.verify.raw import Said
    from whosaw.edge.verify.scene import Customer, Scene

State = Literal["held", "broken", "not expressible", "inconclusive"]


class Judgement(NamedTuple):
    """What became of one request, and why it is judged so."""

    state: State
    why: str = ""


def judge(scene: Scene, ask: Ask, customer: Customer, said: Said, arrived: tuple[Arrived, ...]) -> Judgement:
    """Judge one request by what the origins received of it, or by the answer if they received nothing."""
    if not arrived:
        return _judge_absence(ask, said)
    request = ask.request
    right = scene.told(customer, request.host, port=request.port, path=request.path, to=request.to) if ask.want != "nothing" else {}
    found = [fault for each in arrived for fault in _faults(scene, ask, each, right)]
    if not found:
        return Judgement("held")
    if ask.gap and ask.gap in scene.open_gaps:
        return Judgement("not expressible", f"accepted gap `{ask.gap}`: {found[0]}")
    return Judgement("broken", "; ".join(found[:3]))


def _judge_absence(ask: Ask, said: Said) -> Judgement:
    if said.status:
        answer = f"answered by the proxy with {said.status}"
        if ask.refusable:
            return Judgement("held", answer)
        return Judgement("broken" if said.status < 500 else "inconclusive", f"{answer}, and it arrived nowhere")
    if ask.refusable and said.trouble != IN_VAIN:
        return Judgement("held", f"refused: {said.trouble}")
    return Judgement("inconclusive", f"it arrived nowhere: {said.trouble}")


def _faults(scene: Scene, ask: Ask, arrived: Arrived, right: dict[str, str]) -> Iterator[str]:
    if arrived.origin == "partner":
        return faults(scene, arrived, right, exact=ask.want == "told")
    if ask.want == "told" and right:
        return iter(("it was led to the stranger origin",))
    return faults(scene, arrived, {}, exact=True)


def faults(scene: Scene, arrived: Arrived, right: dict[str, str], *, exact: bool) -> Iterator[str]:
    """Yield what is wrong with a request that arrived, in words that hold no clear value."""
    shown: dict[str, list[str]] = {name: [] for name in right}
    names = scene.names
    where = f"the {arrived.origin} origin"
    for name, value in arrived.headers:
        if name.lower() in shown:
            shown[name.lower()].append(value)
        elif names.hold(name):
            yield f"{where} received `{name}`"
        elif SPOOF in value and fold(name) != "cookie":
            yield f"{where} received `{name}` with a number that the client made up"
        if fold(name) == "cookie":
            yield from (f"{where} received the cookie `{cookie}`" for cookie in _cookies(value) if names.hold(cookie, "cookie"))
    for name, values in shown.items():
        yield from _value_faults(name, values, right[name], where, exact=exact)
    yield from _secrets(scene, arrived, right, where)


def _value_faults(name: str, values: list[str], right: str, where: str, *, exact: bool) -> Iterator[str]:
    if len(values) > 1:
        yield f"{where} received `{name}` {len(values)} times"
    elif not values and exact:
        yield f"{where} did not receive `{name}`"
    elif values and values[0] != right:
        yield f"{where} received `{name}` with {mask(values[0])} instead of {mask(right)}"


def _cookies(value: str) -> list[str]:
    return [pair.partition("=")[0].strip() for pair in re.split("[;,]", value)]


def _secrets(scene: Scene, arrived: Arrived, right: dict[str, str], where: str) -> Iterator[str]:
    """Yield a customer's value that is anywhere in the bytes, but as the right value of a right header."""
    text = (arrived.head + b"\n" + arrived.trailer).decode("latin-1")
    for name, value in right.items():
        text = re.sub(rf"(?im)^({re.escape(name)}[ \t]*:[ \t]*){re.escape(value)}[ \t]*\r?$", r"\1", text)
    for secret in scene.secrets:
        if secret in text:
            yield f"{where} received a customer's value: {mask(secret)}"
            return
