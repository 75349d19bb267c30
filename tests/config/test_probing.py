"""A wrong key of a target file is named with what to do; a secret never stands in it, nor in what is said of it."""

import pytest

import selfcare
from whosaw.config import probing
from whosaw.errors import ConfigError

RIGHT = selfcare.document(selfcare.Portal(port=8080))


def changed(**more):
    return {**RIGHT, **more}


def identity(**more):
    return changed(identity=[{**RIGHT["identity"][0], **more}, *RIGHT["identity"][1:]])


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (changed(url="portal.example"), "`url` is"),
        (changed(sefl="/me"), "`sefl` is not a known key"),
        (changed(self="me"), "`self` is `me`, expected a path"),
        (changed(identity=RIGHT["identity"][:1]), "at least two identities"),
        (changed(identity=[RIGHT["identity"][0]] * 2), "at least two identities"),
        (identity(marker="ab"), "`identity[0].marker` is too short"),
        (identity(canaries=["short"]), "`identity[0].canaries`"),
        (identity(canaries=RIGHT["identity"][1]["canaries"]), "that `bob` has too"),
        (identity(login="saml"), "`identity[0].login` is `saml`"),
        (identity(sees=["eve"]), "`identity[0].sees` names `eve`"),
        (changed(budget={"rate": 0.0}), "`budget` allows nothing or too much"),
        (changed(budget={"hours": ["25:00-26:00"]}), "`budget.hours` has"),
        (changed(budget={"timezone": "Mars"}), "`budget.timezone` is"),
        (changed(budget={"timeout": "soon"}), "`budget.timeout` is"),
        (changed(checks={"aborts": 1.0}), "`checks` has an amount"),
        (changed(who="the title"), "`who` is"),
        (changed(who="regex:(a)(b)"), "has 2 groups"),
        (changed(who="regex:("), "no regular expression"),
        (changed(write=[{"path": "/a", "read": "/a", "value": "json:$.a"}]), "writes no `{nonce}`"),
        (changed(login={"form": {"steps": [{"path": "/l", "form": {"a": "b"}, "json": {}}]}}), "has a `form` and a `json`"),
        (changed(login={"form": {"steps": [{"path": "/l", "take": {"t": "xpath:/a"}}]}}), "login.form.steps[0].take.t"),
    ],
)
def test_a_mistake_is_named_with_its_key(document, said):
    with pytest.raises(ConfigError) as problem:
        probing.parse(document)
    assert said in problem.value.message
    assert problem.value.hint


def test_the_right_document_is_taken_and_shows_nothing_of_an_account():
    target = probing.parse(RIGHT)
    assert target.named("ann").own("bill") == ("B-5001",)
    assert "A-1001" not in repr(target.identity)


TEXT = """
url = "env:PORTAL"
self = "/me"
[[identity]]
name = "ann"
marker = "file:ann.account"
secrets = {{ password = {password} }}
[[identity]]
name = "bob"
marker = "A-1002"
"""


def test_references_are_looked_up_and_a_secret_is_not(tmp_path):
    (tmp_path / "ann.account").write_text("A-1001\n")
    (tmp_path / "probe.toml").write_text(TEXT.format(password='"env:ANN_PASSWORD"'))
    target = probing.load(tmp_path / "probe.toml", {"PORTAL": "https://portal.example", "ANN_PASSWORD": "hush"})
    assert (target.url, target.named("ann").marker) == ("https://portal.example", "A-1001")
    assert target.named("ann").secrets == {"password": "env:ANN_PASSWORD"}


def test_a_secret_that_is_written_out_is_refused_and_not_repeated(tmp_path):
    (tmp_path / "probe.toml").write_text(TEXT.format(password='"hush-hush"'))
    with pytest.raises(ConfigError) as problem:
        probing.load(tmp_path / "probe.toml", {})
    assert "`identity[0].secrets.password` is written out" in problem.value.message
    assert "hush" not in problem.value.message + problem.value.hint


@pytest.mark.parametrize(("text", "said"), [(None, "cannot read"), ("url =", "is not TOML")])
def test_a_file_that_cannot_be_read_is_named(tmp_path, text, said):
    path = tmp_path / "probe.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        probing.load(path, {})


def test_a_missing_variable_and_file_are_named(tmp_path):
    with pytest.raises(ConfigError, match="no `NOPE`"):
        probing.secret("env:NOPE", tmp_path, {})
    with pytest.raises(ConfigError, match="cannot read the file `nope`"):
        probing.secret("file:nope", tmp_path, {})
