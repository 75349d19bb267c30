"""A real standalone cluster on loopback: a master and two workers in processes of their own, and one session on it for all tests."""

import os
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

PATIENCE = 90.0
WORKERS = 2
LIVELY = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""A machine that is to answer a thousand small questions and then go is better off without thorough compilation."""
DEFAULTS = {
    "spark.executor.memory": "640m",
    "spark.executor.cores": "1",
    "spark.driver.memory": "640m",
    "spark.driver.extraJavaOptions": LIVELY,
    "spark.executor.extraJavaOptions": LIVELY,
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "false",
}


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def awaited(path, words, process):
    """Wait until a process has written these words."""
    end = time.monotonic() + PATIENCE
    while words not in path.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > end:
            pytest.fail(f"the cluster did not start: {path.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """The address of a cluster's master; all its processes are ended, by their own ids, when the tests are done."""
    import pyspark

    folder = tmp_path_factory.mktemp("cluster")
    program = Path(pyspark.__file__).parent / "bin" / "spark-class"
    environment = {
        **os.environ,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "192m",
        "SPARK_DAEMON_JAVA_OPTS": LIVELY,
        "SPARK_CONF_DIR": str(folder),
    }
    (folder / "spark-defaults.conf").write_text(
        "".join(f"{key} {value}\n" for key, value in {**DEFAULTS, "spark.eventLog.dir": folder.as_uri()}.items())
    )
    running = []

    def started(name, *arguments, words):
        log = folder / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen([program, *arguments], stdout=out, stderr=out, env=environment)
        running.append(process)
        awaited(log, words, process)

    port = free_port()
    address = f"spark://127.0.0.1:{port}"
    deploy = "org.apache.spark.deploy"
    try:
        started(
            "master",
            f"{deploy}.master.Master",
            *("--host", "127.0.0.1", "--port", str(port), "--webui-port", str(free_port())),
            words="I have been elected leader",
        )
        for n in range(WORKERS):
            started(
                f"worker-{n}",
                f"{deploy}.worker.Worker",
                *("--host", "127.0.0.1", "--cores", "1", "--memory", "768m", "--webui-port", str(free_port())),
                *("--work-dir", str(folder / f"work-{n}"), address),
                words="Successfully registered with master",
            )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SPARK_CONF_DIR", str(folder))
            patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
            yield address
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(timeout=PATIENCE)


@pytest.fixture(scope="session")
def spark(cluster, tmp_path_factory):
    """A session on the cluster, as the judge opens one; within a run, whoever asks for this cluster gets the same."""
    from whosaw.engine.spark import opened

    folder = tmp_path_factory.mktemp("shared")
    with opened(cluster, shared=folder, log=folder / "spark.log") as door:
        yield door


@pytest.fixture
def closed_port():
    """A port at which nothing listens."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
