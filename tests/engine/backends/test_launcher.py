"""What --sdk-via and --sdk-map mean, and the commands that come of them."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sgs_tui.engine.backends.launcher import Kind, Surroundings, failure_of, is_lost, launcher
from sgs_tui.engine.errors import UsageError

PRINT = [sys.executable, "-I", "-c", "import json, sys; print(json.dumps(sys.argv[1:]))"]


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ("docker exec -i box", Kind.CONTAINER, "box"),
        ("sudo /usr/bin/podman --log-level warn exec box", Kind.CONTAINER, "box"),
        ("docker run --rm -v /a:/b image:1.2", Kind.IMAGE, "image:1.2"),
        ("ssh -p 2200 -i key me@build", Kind.HOST, "me@build"),
        ("ssh build docker exec -i box", Kind.HOST, "build"),
        ("chroot /mnt/sdk", Kind.OTHER, "/mnt/sdk"),
    ],
)
def test_kinds(text: str, kind: Kind, target: str) -> None:
    way = launcher(text)
    assert way is not None and (way.kind, way.target, str(way)) == (kind, target, text)


def test_nothing_is_here() -> None:
    assert launcher("") is None and launcher("  ") is None
    with pytest.raises(UsageError, match="is for an SDK that lives elsewhere"):
        launcher("", ["/a=/b"])


@pytest.mark.parametrize(
    ("text", "maps", "said"),
    [
        ("docker exec -it box", (), "leave -it out"),
        ("docker run -d image", (), "leave -d out"),
        ("docker ps", (), "docker needs `exec` or `run`"),
        ("docker exec", (), "names no container"),
        ("ssh -p 22", (), "names no host"),
        ("ssh 'x", (), "No closing quotation"),
        ("ssh x", ("a=/b",), "expected /HERE=/INSIDE"),
        ("ssh x", ("/a",), "expected /HERE=/INSIDE"),
    ],
)
def test_what_can_not_be_meant(text: str, maps: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        launcher(text, maps)


def argv(text: str, words: list[str], around: Surroundings | None = None, *maps: str) -> list[str]:
    way = launcher(text, maps)
    assert way is not None
    return way.argv(words, around or Surroundings())


def test_containers_get_stdin_and_the_words_as_they_are() -> None:
    assert argv("docker exec box", ["a b", "$(c)"]) == ["docker", "exec", "-i", "box", "a b", "$(c)"]
    assert argv("docker exec -i box", ["a"]) == ["docker", "exec", "-i", "box", "a"]


def test_a_container_for_a_run_has_a_name_and_what_the_run_needs_mounted() -> None:
    around = Surroundings("/w/runs/1/work", ("/w/runs/1/work", "/w/nets", "/w/nets/images", "/data"), "sgs-tui-1")
    mounts = ["-v", "/data:/data", "-v", "/w/nets:/w/nets", "-v", "/w/runs/1/work:/w/runs/1/work"]
    expected = ["docker", "run", "--rm", "-i", "--name", "sgs-tui-1", *mounts, "image", "x"]
    assert argv("docker run image", ["x"], around) == expected
    seen = argv("docker run --rm -i -v /w:/inside image", ["x"], around)
    assert seen == [
        "docker",
        "run",
        "--name",
        "sgs-tui-1",
        "-v",
        "/data:/data",
        "--rm",
        "-i",
        "-v",
        "/w:/inside",
        "image",
        "x",
    ]
    way = launcher("docker run -v /w:/inside image")
    assert way is not None and way.inside("/w/nets/a.sim") == "/inside/nets/a.sim"
    assert way.again("c1", ["x"]) == ["docker", "exec", "-i", "c1", "x"] and way.kill("c1") == ["docker", "kill", "c1"]


def test_placeholders() -> None:
    around = Surroundings("/w/runs/1/work", ("/w/runs/1/work", "/w/nets"))
    made = argv("docker run --rm -i -v {root}:{root} -w {cwd} -u {uid}:{gid} image", ["x"], around)
    assert made == [
        *("docker", "run", "--rm", "-i", "-v", "/w:/w", "-w", "/w/runs/1/work"),
        *("-u", f"{os.getuid()}:{os.getgid()}", "image", "x"),
    ]
    with pytest.raises(UsageError, match="no folder but / holds all of /data, /w/nets"):
        argv("docker run -v {root}:{root} image", ["x"], Surroundings("/w/nets", ("/w/nets", "/data")))


def test_the_longest_map_counts_and_only_for_whole_folders() -> None:
    way = launcher("ssh x", ["/home/me=/work", "/home/me/nets=/nets"])
    assert way is not None
    told = {"/home/me/nets/a": "/nets/a", "/home/me": "/work", "/home/mean/a": "/home/mean/a", "/home/me/b": "/work/b"}
    assert {path: way.inside(path) for path in told} == told


def test_ssh_has_its_habits_unless_told_otherwise() -> None:
    made = argv("ssh -o ConnectTimeout=3 build", ["x"])
    assert made[:2] == ["ssh", "-oBatchMode=yes"] and made[-4:] == ["-o", "ConnectTimeout=3", "build", "x"]
    assert not any("ConnectTimeout=15" in word for word in made)


WORDS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12), max_size=4)


@given(WORDS)
@settings(max_examples=25, deadline=None)
def test_no_word_is_read_by_the_hosts_shell(words: list[str]) -> None:
    command = argv("ssh build", [*PRINT, *words])[-1]
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, check=True, env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    )
    assert json.loads(done.stdout) == words


@pytest.mark.parametrize(
    ("text", "code", "stderr", "said"),
    [
        (
            "docker exec -i box",
            1,
            "Error response from daemon: Container 1f is paused, unpause it",
            "container 1f is paused",
        ),
        (
            "docker exec -i box",
            126,
            'OCI runtime exec failed: exec: "bash": executable file not found',
            "no bash in box",
        ),
        (
            "docker run image",
            125,
            "docker: Cannot connect to the Docker daemon at unix:///x. Is",
            "engine does not answer",
        ),
        ("docker exec -t box", 1, "the input device is not a TTY", "asks for a terminal"),
        (
            "ssh build",
            255,
            "Host key verification failed.",
            r"host build is not known.*connect once by hand: ssh build",
        ),
        ("ssh build", 255, "ssh: Could not resolve hostname build: Name or", "there is no host build"),
        ("strange way", 7, "first\nlast words", "does not get there: last words"),
    ],
)
def test_how_launchers_fail(text: str, code: int, stderr: str, said: str) -> None:
    way = launcher(text.replace(" -t", ""))
    assert way is not None
    with pytest.raises(type(failure_of(way, code, stderr)), match=said):
        raise failure_of(way, code, stderr)


def test_a_line_that_broke_is_told_from_a_command_that_failed() -> None:
    ssh, docker = launcher("ssh build"), launcher("docker exec -i box")
    assert ssh is not None and docker is not None
    assert is_lost(ssh, 255, "") and is_lost(docker, -9, "") and is_lost(docker, 1, "Connection reset by peer")
    assert not is_lost(ssh, 1, "") and not is_lost(docker, 1, "No such container: box")
