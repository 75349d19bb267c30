import pytest

from whosaw import config
from whosaw.errors import ConfigError

SOURCE = {"name": "portal", "channel": "portal", "files": ["a.log"]}
BILLS = {"object": "bill", "query": "select 1"}


def parsed(**decide):
    return config.parse({"source": [SOURCE], "owner": [BILLS], "decide": decide}).decide


def test_nothing_need_be_said():
    assert (parsed().header, parsed().page, parsed().search) == ("X-Recipient", 100, False)


def test_words_of_those_who_ask_may_be_given_a_meaning():
    found = parsed(
        source="portal",
        url="https://decide.operator.example/tenant",
        recipient=[{"type": "user", "kind": "employee", "name": "crm:{id}"}],
        customer=[{"type": "invoice", "object": "bill"}, {"type": "todo", "name": "{ownerID}"}],
        action=[{"name": "read", "type": "invoice", "when": {"customer.status": "open", "action.soft": True}, "data": ["bill"]}],
    )
    assert found.action[0].when == {"customer.status": "open", "action.soft": True}


@pytest.mark.parametrize(
    ("decide", "message"),
    [
        ({"secret_file": "a", "secret_env": "B"}, "`decide` has both `secret_file` and `secret_env`"),
        ({"cert": "c.pem"}, "`decide` lacks `cert` or `key`"),
        ({"source": "care"}, "`decide.source` is `care`, which is no source"),
        ({"header": "X Recipient"}, "`decide.header` is `X Recipient`"),
        ({"page": 0}, "`decide.page` is `0`"),
        ({"url": "http://decide.operator.example"}, "`decide.url` is"),
        ({"url": "https://decide.operator.example/"}, "`decide.url` is"),
        ({"url": "https://decide.operator.example?a=1"}, "`decide.url` is"),
        ({"customer": [{"type": "x", "object": "number"}]}, "`decide.customer[0].object` is `number`"),
        ({"customer": [{"type": "x", "name": "all"}]}, "`decide.customer[0].name` is `all`"),
        ({"recipient": [{"type": "x", "kind": "employee", "name": "all"}]}, "`decide.recipient[0].name` is `all`"),
        ({"recipient": [{"type": "x", "kind": "boss"}]}, "`decide.recipient[0].kind`"),
        ({"action": [{"name": "x", "when": {"status": "open"}}]}, "`decide.action[0].when` asks for `status`"),
        ({"actions": []}, "`decide.actions` is not a known key"),
    ],
)
def test_what_makes_no_sense_is_named(decide, message):
    with pytest.raises(ConfigError) as problem:
        parsed(**decide)
    assert problem.value.message.startswith(message)
