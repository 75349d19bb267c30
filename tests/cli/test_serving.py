"""Does a command serve in the foreground, say where, and end at the first signal?"""

import re
import signal
import threading
import time

from whosaw.cli.serving import serve
from whosaw.wire.http import Listener, Response, Server
from wire.serving import raw


def test_a_server_says_where_it_listens_and_ends_at_a_signal(capsys):
    found = []

    def asked():
        end = time.monotonic() + 20
        while not (said := capsys.readouterr().err) and time.monotonic() < end:
            time.sleep(0.02)
        found.append(said)
        found.append(raw(int(re.search(r":(\d+)/", said)[1]), "GET / HTTP/1.1", "Host: a.example")[2])
        signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)

    thread = threading.Thread(target=asked)
    thread.start()
    serve(Server(lambda _: Response(200, b"here")), (Listener(host="127.0.0.1", port=0),))
    thread.join()
    assert re.fullmatch(r"listening at http://127\.0\.0\.1:\d+/\n", found[0])
    assert found[1] == "here"
