"""Every rule is missed by somebody when it is left out."""

from dataclasses import replace

import pytest

from whosaw.edge.verify.mutants import mutants, rules
from whosaw.edge.verify.scene import fold
from whosaw.identifiers import catalogue

KEPT = {"x-msisdn", "x-acr", "x-up-calling-line-id", "x-forwarded-for", "via", "-rapmdn", "x-vf-trace-*"}
"""The whole catalogue is tried with `--mutants`; here all kinds of names occur, but few of each."""


def few(text):
    names = ", ".join(f'"{entry.name}"' for entry in catalogue().headers if fold(entry.name) not in KEPT)
    return text.replace("[subscribers]", f"[strip]\nkeep = [{names}]\n\n[subscribers]")


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
@pytest.mark.parametrize("kind", ["strict", "intercepted", "quarantine"])
def test_every_rule_is_missed(staged, target, kind, text, pinned):
    written = {"strict": text, "intercepted": pinned, "quarantine": f'mode = "quarantine"\n{text}'}[kind]
    stages = [staged(few(written), target) for _ in range(2)]
    names = rules(stages[0])
    assert len(names) > (5 if kind == "quarantine" else 8)
    found = mutants(stages, names)
    assert [mutant.rule for mutant in found if not mutant.noticed_by] == []
    assert [mutant.rule for mutant in found] == list(names)


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
def test_of_the_whole_catalogue_any_name_is_missed(staged, target, text):
    stage = staged(text, target)
    some = [name for name in rules(stage) if name.startswith("strip:")][::45]
    assert {mutant.noticed_by for mutant in mutants([stage], some)} <= {"names-mixed", "names-lower", "name-patterns"}


def test_a_rule_that_does_nothing_is_missed_by_nobody(staged, text):
    stage = staged(text, "nginx")
    idle = stage.compiled.rules[-1]._replace(name="idle", text='proxy_set_header X-Nobody-Asks "";\n')
    stage.compiled = replace(stage.compiled, rules=(*stage.compiled.rules, idle))
    assert [mutant.noticed_by for mutant in mutants([stage], ["idle"])] == [""]


def test_a_proxy_that_does_not_start_without_a_rule_has_noticed(staged, text):
    stage = staged(text, "nginx")
    name = next(rule.name for rule in stage.compiled.rules if rule.name.startswith("hosts:"))
    (found,) = mutants([stage], [name])
    assert (found.noticed_by, "does not start" in found.why) == ("start", True)
