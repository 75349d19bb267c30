"""Each request has its own notebook, wherever its work is done."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime

from whosaw.middleware.note import GATHERED, Notebook, Unheard, asked_by, cached, current, opened, shown, used


def test_what_is_noted_of_one_customer_adds_up():
    notebook = Notebook()
    january, march = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    with opened(notebook):
        used("A1", place="Bill", data=("bill",))
        used("A1", place="Bill")
        shown("A1", data="call_detail", records=20, since=march)
        shown("A1", data=["bill"], records=3, since=january, until=march, claim="T-1")
    note = notebook.notes["A1"]
    assert (note.shown, note.loaded, note.records, note.places, note.claim) == (True, 2, 23, ["Bill"], "T-1")
    assert note.data == {"bill", "call_detail"}
    assert (note.data_from, note.data_to) == (january, march)


def test_nobody_is_no_customer_and_a_number_is_taken_as_it_is_written():
    notebook = Notebook()
    with opened(notebook):
        for customer in (None, "", 4711):
            shown(customer)
            used(customer)
    assert list(notebook.notes) == ["4711"]


def test_what_is_shown_outside_a_request_is_counted_and_what_is_loaded_there_is_not():
    before = Unheard.count
    shown("A1")
    used("A1")
    asked_by("anna")
    cached()
    assert Unheard.count == before + 1


def test_a_closed_notebook_takes_no_more():
    notebook = Notebook()
    with opened(notebook):
        shown("A1")
        notebook.close()
        assert current() is None
        used("A2")
    assert list(notebook.notes) == ["A1"]


def test_the_one_who_asks_may_be_named_and_an_empty_name_takes_none_away():
    notebook = Notebook()
    with opened(notebook):
        asked_by("anna", session="s1")
        asked_by("")
        cached(made_for="s2")
    assert (notebook.recipient, notebook.session, notebook.from_cache, notebook.made_for) == ("anna", "s1", True, "s2")


def test_threads_never_mix_notebooks():
    barrier = threading.Barrier(8)

    def request(name):
        notebook = Notebook()
        with opened(notebook):
            barrier.wait()
            for i in range(500):
                shown(f"{name}-{i % 7}")
                used(f"{name}-{i % 7}")
        return notebook

    with ThreadPoolExecutor(8) as pool:
        notebooks = list(pool.map(request, "abcdefgh"))
    for name, notebook in zip("abcdefgh", notebooks, strict=True):
        assert set(notebook.notes) == {f"{name}-{i}" for i in range(7)}
        assert sum(note.loaded for note in notebook.notes.values()) == 500


def test_tasks_never_mix_notebooks_and_their_threads_write_to_the_notebook_of_their_task():
    async def request(name):
        notebook = Notebook()
        with opened(notebook):
            for i in range(20):
                await asyncio.sleep(0)
                shown(f"{name}-{i}")
                await asyncio.to_thread(used, f"{name}-{i}")
        return name, notebook

    async def together():
        return await asyncio.gather(*(request(name) for name in "abcdefgh"))

    for name, notebook in asyncio.run(together()):
        assert set(notebook.notes) == {f"{name}-{i}" for i in range(20)}


def test_two_threads_of_one_request_lose_nothing():
    notebook = Notebook()
    with opened(notebook):
        contexts = [copy_context() for _ in range(4)]
    threads = [threading.Thread(target=context.run, args=(lambda: [used("A1") for _ in range(2000)],)) for context in contexts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert notebook.notes["A1"].loaded == 8000


def test_a_page_that_goes_through_many_rows_keeps_no_more_than_it_must():
    notebook = Notebook()
    with opened(notebook):
        for i in range(3 * GATHERED):
            used(f"A{i % 3}")
            assert len(notebook.laid) <= GATHERED
    assert {customer: note.loaded for customer, note in notebook.notes.items()} == dict.fromkeys(("A0", "A1", "A2"), GATHERED)


def test_a_notebook_shows_nobody():
    notebook = Notebook()
    with opened(notebook):
        shown("447700900123")
    assert "447700900123" not in repr(notebook)
