"""What is said when a session on a cluster cannot begin, and with which settings does one begin?"""

import re
import stat
import sys
import time
from types import SimpleNamespace

import pytest

from whosaw import cli
from whosaw.engine import cluster, spark
from whosaw.errors import ConfigError, QueryError, StorageError


@pytest.mark.parametrize(
    "name", ["duckdb", "local", "local[2]", "local[*]", "spark://host:7077", "spark://a:1,b:2", "yarn", "k8s://https://h:1"]
)
def test_every_way_to_name_an_engine_is_known(name):
    assert cluster.checked(name) == name


@pytest.mark.parametrize(
    "name", ["", "spark", "spark://host", "spark://host:port", "local[]", "local[x]", "DuckDB", "mesos://h:1", "spark://h:7077/x"]
)
def test_any_other_name_is_refused_before_anything_is_read(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["whosaw", "judge", str(tmp_path), "--dir", str(tmp_path / "out"), "--engine", name])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 4
    said = capsys.readouterr().err
    assert said.startswith(f"`{name}` is no engine")
    assert "hint: for example `spark://host:7077`" in said
    assert not (tmp_path / "out").exists()


def java(folder, *, says, home=False):
    """A Java that says of itself which version it is."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_202"', 8),
        ('openjdk version "11.0.2" 2019-01-15\nOpenJDK Runtime', 11),
        ("Segmentation fault", 0),
    ],
)
def test_java_says_its_version_in_many_ways(says, version, tmp_path, monkeypatch):
    java(tmp_path, says=says)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert cluster._java() == version


def test_a_java_that_is_too_old_is_named_with_the_package_that_helps(tmp_path, monkeypatch):
    java(tmp_path, says='openjdk version "11.0.2" 2019-01-15')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="needs Java 17 or newer, and Java here is version 11") as refused:
        cluster.installed()
    assert "openjdk-17-jre-headless" in refused.value.hint


@pytest.mark.parametrize("home", ["", "/nowhere"])
def test_no_java_is_said_so(home, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", home)
    with pytest.raises(ConfigError, match="Java here is not installed"):
        cluster.installed()


def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda name: None if name == "pyspark" else object())
    with pytest.raises(ConfigError, match="needs the package `pyspark`") as refused:
        cluster.installed()
    assert "whosaw[spark]" in refused.value.hint


def test_a_cluster_at_which_nothing_listens_is_not_waited_for(closed_port, tmp_path):
    begin = time.monotonic()
    with (
        pytest.raises(ConfigError, match=rf"nothing answers at `spark://127.0.0.1:{closed_port}`"),
        spark.opened(f"spark://127.0.0.1:{closed_port}", shared=tmp_path, log=tmp_path / "spark.log"),
    ):
        pytest.fail("there is no session")
    assert time.monotonic() - begin < 10
    assert list(tmp_path.iterdir()) == []


def test_yarn_without_its_configuration_is_said_so(monkeypatch):
    monkeypatch.delenv("HADOOP_CONF_DIR", raising=False)
    monkeypatch.delenv("YARN_CONF_DIR", raising=False)
    with pytest.raises(ConfigError, match="`yarn` needs the cluster's configuration"):
        cluster._reachable("yarn")


def counting(joined, *, stopped=False):
    """A session whose cluster shows these numbers of processes, the driver among them, one after the other."""
    numbers = iter(joined)
    status = SimpleNamespace(size=lambda: next(numbers, joined[-1]))
    context = SimpleNamespace(isStopped=lambda: stopped, getExecutorMemoryStatus=lambda: status)
    return SimpleNamespace(sparkContext=SimpleNamespace(_jsc=SimpleNamespace(sc=lambda: context)))


@pytest.mark.parametrize("session", [counting([1]), counting([1], stopped=True)])
def test_a_cluster_without_workers_is_not_waited_for_without_end(session, monkeypatch):
    monkeypatch.setattr(cluster, "WORKER_SECONDS", 0.3)
    with pytest.raises(ConfigError, match="no worker of `spark://h:1` took the work") as refused:
        cluster._wait_for_workers(session, "spark://h:1")
    assert "same Spark version" in refused.value.hint


def test_workers_that_are_still_joining_are_waited_for(monkeypatch):
    monkeypatch.setattr(cluster, "SETTLED_SECONDS", 0)
    numbers = [1, 2, 3, 3]
    session = counting(numbers)
    cluster._wait_for_workers(session, "spark://h:1")
    assert session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() == 3, "all four were looked at"


def test_answers_depend_on_no_setting_of_the_cluster_and_speed_may(tmp_path, monkeypatch):
    (tmp_path / "spark-defaults.conf").write_text(
        "# ours\nspark.sql.ansi.enabled false\nspark.sql.autoBroadcastJoinThreshold=1g\nspark.ui.enabled: true\n\n"
    )
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    found = cluster._settings("spark://10.0.0.1:7077")
    assert found["spark.sql.ansi.enabled"] == "true"
    assert found["spark.sql.session.timeZone"] == "UTC"
    assert not {"spark.sql.autoBroadcastJoinThreshold", "spark.ui.enabled", "spark.driver.host", "spark.driver.memory"} & set(found)
    assert found["spark.sql.adaptive.skewJoin.enabled"] == "true"


def test_a_cluster_on_this_machine_is_spoken_to_on_loopback_alone():
    assert cluster._settings("spark://127.0.0.1:7077")["spark.driver.host"] == "127.0.0.1"
    assert cluster._hosts("spark://[::1]:7077,b:7078") == [("::1", 7077), ("b", 7078)]


def test_what_is_started_meanwhile_talks_into_the_log(tmp_path, capfd):
    import os

    with cluster._said_into(tmp_path / "new" / "spark.log"):
        os.write(2, b"WARN much talk\n")
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"
    assert (tmp_path / "new" / "spark.log").read_text() == "WARN much talk\n"


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ("java.io.IOException: No space left on device", StorageError, "disk of the driver or of a worker is full"),
        ("java.io.FileNotFoundException: File file:/x/y.parquet does not exist", StorageError, "cannot read or write a folder"),
        ("[FAILED_READ_FILE.FILE_NOT_EXIST] Encountered error while reading file", StorageError, "cannot read or write a folder"),
        ("java.lang.OutOfMemoryError: Java heap space", StorageError, "memory does not suffice"),
        (
            "\n[CAST_INVALID_INPUT] The value '447700900123' of the type \"STRING\"\n\tat x.y.Z",
            QueryError,
            "[cast_invalid_input] the value",
        ),
    ],
)
def test_what_goes_wrong_on_a_cluster_is_said_in_one_line_without_a_number(said, kind, message):
    found = cluster._error(said)
    assert type(found) is kind
    assert message in found.message
    assert not re.search(r"[0-9]{5}|\n", found.message)


def test_errors_of_spark_become_ours():
    from pyspark.errors import PySparkException

    with pytest.raises(QueryError, match="spark failed: gone"), cluster.ours():
        raise PySparkException("gone\n\tat org.apache")


def test_a_shared_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StorageError, match="cannot write the shared folder") as refused,
        spark.opened("local", shared=tmp_path / "file", log=tmp_path / "l"),
    ):
        pytest.fail("there is no session")
    assert "--shared" in refused.value.hint
