"""What is answered to a question, or to many at once? Every answer is recorded before it is given."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from whosaw.edge.decide import wire
from whosaw.edge.decide.index import EPOCH, Judged, Question
from whosaw.edge.decide.meaning import Meaning, unanswered
from whosaw.edge.record import Decision, keyed
from whosaw.model import RecipientKind, Verdict, data_classes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from whosaw.config import Config
    from whosaw.edge.decide.standing import Standing
    from whosaw.edge.record import Recorder

_LAST = {"deny_on_first_deny": False, "permit_on_first_permit": True, "execute_all": None}
"""With which decision a batch ends early."""


class Decider:
    """Answers questions from what stands now."""

    def __init__(self, standing: Standing, config: Config, recorder: Recorder, now: Callable[[], datetime]) -> None:
        """Answer by a configuration's words, and record what was answered."""
        self.standing, self.recorder, self.now = standing, recorder, now
        self.meaning = Meaning(config, standing.pseudonyms, standing.own)

    def evaluate(self, body: bytes) -> wire.Answer | wire.Problem:
        """Return the answer to one question."""
        sent = wire.read(body, wire.Sent)
        if isinstance(sent, wire.Problem):
            return sent
        ask = wire.complete(sent)
        return ask if isinstance(ask, wire.Problem) else self._answer(ask)

    def evaluate_all(self, body: bytes) -> wire.Answer | wire.Answers | wire.Problem:
        """Return the answers to a batch, up to the one that ends it; without questions of its own, it is one question itself."""
        batch = wire.read(body, wire.Batch)
        if isinstance(batch, wire.Problem):
            return batch
        if not batch.evaluations:
            return self.evaluate(body)
        if len(batch.evaluations) > wire.MANY:
            return wire.Problem(400, f"more than {wire.MANY} questions in one batch")
        last, answers = _LAST[batch.options.evaluations_semantic], list[wire.Answer]()
        for raw in batch.evaluations:
            ask = wire.one_of(batch, raw)
            answers.append(wire.failed(ask) if isinstance(ask, wire.Problem) else self._answer(ask))
            if answers[-1].decision is last:
                break
        return wire.Answers(answers)

    def _answer(self, ask: wire.Ask) -> wire.Answer:
        question = self.meaning.question(ask, self.now())
        if isinstance(question, str):
            judged = unanswered(question)
            self.record(None, judged, route=wire.EVALUATION)
        else:
            judged = self.judge(question)
            self.record(question, judged, route=wire.EVALUATION)
        return wire.answer(judged)

    def judge(self, question: Question) -> Judged:
        """Return the verdict on a question."""
        return self.standing.index.judge(question)

    def record(self, question: Question | None, judged: Judged, *, route: str, method: str = "", status: int | None = None) -> None:
        """Record a verdict as what will have been shown, or was stopped; of a question without a meaning, that there was one."""
        asked = question or Question(RecipientKind.UNKNOWN, None, 0, 0)
        customer = judged.customer if judged.customer is not None else asked.customer
        self.recorder.write(
            Decision(
                seen_at=EPOCH + timedelta(microseconds=asked.moment) if question else self.now(),
                service="decide",
                outcome="shown" if judged.verdict is Verdict.ENTITLED else "stopped",
                site=asked.site,
                recipient="" if asked.recipient is None else keyed("r", asked.recipient),
                customer="" if customer is None else keyed("c", customer),
                object="" if asked.object is None else keyed("o", asked.object),
                route=route,
                method=method,
                status=status,
                data=_DATA[asked.data] if asked.data in _DATA else listed(asked.data),
                why=judged.why,
            )
        )


_DATA = {0: ""}


def listed(mask: int) -> str:
    """Return data classes as a line names them; there are few sets of them, and each is asked for millions of times."""
    found = _DATA[mask] = ",".join(data_classes(mask))
    return found
