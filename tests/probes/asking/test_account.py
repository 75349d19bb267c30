"""What an account holds is read and put back as the account itself; what cannot be read is not written."""

import selfcare
from whosaw.probes.asking.account import NONCE, held, ids_of, operation, put, restored


def ready(portal, tmp_path, **more):
    run = selfcare.run_on(portal, tmp_path, changed=selfcare.document(portal, **more))
    ann = run.target.named("ann")
    assert run.control(ann)
    return run, run.target.write[0], ann


def test_a_value_is_read_changed_and_put_back(portal, tmp_path):
    started = portal()
    run, write, ann = ready(started, tmp_path)
    before = held(run, write, ann)
    assert before == {NONCE: started.notes["ann"]}
    put(run, write, run.sessions["ann"], ids_of(run, write, ann), {NONCE: "fresh"})
    assert started.notes["ann"] == "fresh"
    assert restored(run, write, ann, before)
    assert started.notes["ann"] == before[NONCE]
    run.gate.close()


def test_an_account_that_holds_what_it_held_is_not_written_to(portal, tmp_path):
    started = portal()
    run, write, ann = ready(started, tmp_path)
    assert restored(run, write, ann, held(run, write, ann))
    assert "PUT" not in {method for _, method, _, _ in started.asked}
    run.gate.close()


def test_a_page_that_does_not_open_is_no_value(portal, tmp_path):
    write = {"path": "/profile/{account}", "json": {"note": "{nonce}"}, "read": "/profile/nobody", "value": "json:$.note"}
    run, write, ann = ready(portal(), tmp_path, write=[write])
    assert held(run, write, ann) is None
    run.gate.close()


def test_what_is_kept_and_the_nonce_are_placeholders_like_ids(portal, tmp_path):
    write = {
        "path": "/profile/{account}",
        "json": {"note": "{nonce}", "mark": "{mark}"},
        "read": "/profile/{account}",
        "value": "json:$.note",
        "keep": {"mark": "json:$.mark"},
    }
    started = portal()
    run, write, ann = ready(started, tmp_path, write=[write])
    assert set(operation(write).ids) == {"account", "nonce", "mark"}
    assert ids_of(run, write, ann) == {"account": "A-1001"}
    assert held(run, write, ann)["mark"] == started.canaries["ann"]
    run.gate.close()
