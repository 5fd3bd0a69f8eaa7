"""What an SDK says of itself: its interpreter and libraries, the options of its scripts, its chips.

Scripts are asked by `--help`, once for each version of an SDK: answers are kept in the user's cache folder, under a
mark of the scripts' sizes and times. What can not be asked is not assumed: a script that does not start fails here.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from platformdirs import user_cache_path

from sgs_tui.engine.backends.inside import ask
from sgs_tui.engine.backends.sdk_install import Generation, Sdk, run_in, sdk_environment
from sgs_tui.engine.errors import InputError, RunError, SgsError, UsageError, told
from sgs_tui.engine.files import make_folder, read_bytes, write_atomically
from sgs_tui.engine.runs.known_failures import first_of
from sgs_tui.engine.runs.log import plain_text, shown
from sgs_tui.engine.text import did_you_mean, visible
from sgs_tui.language import Message

_QUESTION = "import sys, struct; print('%d.%d %d' % (sys.version_info[:2] + (8 * struct.calcsize('P'),)))"
_LIBRARIES = """
for name in ("numpy", "cv2"):
    try:
        print(name, getattr(__import__(name), "__version__", "?"))
    except Exception as error:
        print("no", name, "(%s)" % error)
"""
SOC = "--soc_version"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """`version` as `3.8`; `bits` of an address."""

    version: str
    bits: int


@dataclass(frozen=True, slots=True)
class Options:
    """What the help of a script says."""

    text: str

    def takes(self, name: str) -> bool:
        return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", self.text) is not None

    def requires(self, name: str) -> bool:
        """Whether the usage names it outside of brackets."""
        usage = self.text.partition("usage:")[2].partition("\n\n")[0]
        while (without := re.sub(r"\[[^][]*\]", "", usage)) != usage:
            usage = without
        return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", usage) is not None

    def choices(self, name: str) -> tuple[str, ...]:
        """The values it may have; none where the help does not list them."""
        found = re.search(rf"(?<![\w-]){re.escape(name)}[ =]\{{([^}}]*)\}}", self.text)
        return tuple(part.strip() for part in found[1].split(",")) if found else ()


_known: dict[tuple[str, str], Interpreter] = {}
"""By SDK and interpreter, for this process: another Python may stand there tomorrow."""


class SdkAnswers:
    """Questions to one SDK in the environment `environ`. Everything raises SgsError."""

    def __init__(self, sdk: Sdk, python: str = "", environ: Mapping[str, str] = os.environ) -> None:
        self._sdk, self._python, self._environ = sdk, python or sdk.python, environ
        words = (str(sdk.root), str(sdk.way), self._python, sdk.stamp, environ.get("PATH", ""))
        mark = sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self.mark = mark
        self._kept = user_cache_path("sgs-tui") / "sdk" / f"{mark}.json"

    def interpreter(self) -> Interpreter:
        """Raises RunError where there is none, or it does not start in the SDK's environment."""
        key = (self.mark, self._python)
        if key not in _known:
            found = re.fullmatch(r"(\d+\.\d+) (\d+)", self._answer([self._python, "-c", _QUESTION]).strip())
            if found is None:
                raise RunError(
                    Message("{python}: is no Python{place}", python=self._python, place=self._sdk.place),
                    Message("name another with --sdk-python"),
                )
            _known[key] = Interpreter(found[1], int(found[2]))
        return _known[key]

    def libraries(self) -> tuple[str, ...]:
        """What the SDK's scripts import: `numpy 1.18.5`, or `no cv2 (why)`."""
        return tuple(self._answer([self._python, "-c", _LIBRARIES]).splitlines())

    def options(self, script: str = "simulator.py", *commands: str) -> Options:
        """The options of a script; `commands`: words in front of them. Raises InputError where the SDK has none."""
        path = self._sdk.tool(script)
        if path is None:
            raise InputError(
                Message(
                    "{root}: the SDK has no {script}{place}", root=self._sdk.root, script=script, place=self._sdk.place
                ),
                Message("unpack the SDK again"),
            )
        return Options(self._once(" ".join((script, *commands)), [self._python, str(path), *commands, "--help"]))

    def chips(self) -> tuple[str, ...]:
        """The names for --soc_version, of the simulator's help or of show_sdk_info.py; none where neither lists any."""
        if found := self.options().choices(SOC):
            return found
        script = self._sdk.tool("show_sdk_info.py")
        if script is None:
            return ()
        text = self._once("chips", [self._python, str(script)])
        behind = re.split(r"(?i)\b(?:soc|chip)\w*", text, maxsplit=1)[1:]
        return tuple(dict.fromkeys(re.findall(r"\b[A-Za-z]\w+", " ".join(behind))))

    def _once(self, question: str, argv: Sequence[str]) -> str:
        kept = self._read()
        if question not in kept:
            kept[question] = self._answer(argv)
            make_folder(self._kept.parent)
            write_atomically(self._kept, json.dumps(kept, indent=1).encode("ascii"))
        return kept[question]

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(read_bytes(self._kept))
        except (InputError, ValueError, RecursionError):
            return {}
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}

    def _answer(self, argv: Sequence[str]) -> str:
        what = Path(argv[1]).name if argv[1] != "-c" else self._python
        try:
            done = self.run(argv[1:])
        except OSError as error:
            raise RunError(
                Message("{what}: does not start: {error}", what=what, error=told(error)),
                Message("name another Python with --sdk-python"),
            ) from error
        except subprocess.TimeoutExpired as error:
            raise RunError(
                Message("{what}: gave no answer within {timeout:g} s", what=what, timeout=error.timeout),
                Message("is it waiting for something?"),
            ) from error
        if done.returncode == 0 and done.stdout.strip():
            return plain_text(done.stdout)
        raise self._failure(what, done)

    def run(self, arguments: Sequence[str], paths: Sequence[str] = ()) -> "subprocess.CompletedProcess[bytes]":
        """The SDK's Python with these arguments, `paths` among them those of files here. Raises TimeoutExpired too."""
        way = self._sdk.way
        if way is not None:
            named = [way.inside(text) if text in paths else text for text in arguments]
            return ask(
                way, str(self._sdk.root), [self._python, *named], tuple(str(Path(path).parent) for path in paths)
            )
        environment = sdk_environment(self._sdk, self._environ)
        if shutil.which(self._python, path=environment.get("PATH")) is None:
            raise RunError(
                Message("{python}: there is no such interpreter", python=self._python),
                Message("name one with --sdk-python"),
            )
        return run_in([self._python, *arguments], environment)

    def _failure(self, what: str, done: "subprocess.CompletedProcess[bytes]") -> SgsError:
        from sgs_tui.engine.backends.sdk_tools import FAILURES, VAGUE

        place = self._sdk.place
        text = plain_text(done.stdout + done.stderr)
        known = first_of((*FAILURES, *VAGUE), text)
        if known is not None:
            return RunError(
                Message(
                    "{what} does not start in the SDK's environment{place}: {why}",
                    what=what,
                    place=place,
                    why=known.message,
                ),
                known.hint,
            )
        said = shown(done.stderr.strip().rpartition(b"\n")[2]) or Message(
            "exit code {code}, not a word", code=done.returncode
        )
        return RunError(
            Message("{what} does not start in the SDK's environment{place}: {why}", what=what, place=place, why=said),
            Message("name another with --sdk-python"),
        )


def interpreter_notes(sdk: Sdk, answers: SdkAnswers, python: str) -> tuple[str, ...]:
    """What to know about running the SDK's scripts with `python`: does it fit the prebuilt modules? Raises RunError."""
    found = answers.interpreter()
    if sdk.built and found.version not in sdk.built:
        wanted = ", ".join(sorted(sdk.built))
        return (
            Message(
                "the SDK's modules are built for Python {wanted}, {python} is {version}: name one with --sdk-python",
                wanted=wanted,
                python=python,
                version=found.version,
            ),
        )
    if sdk.generation is Generation.NEWER and found.bits == 32:
        return (Message("{python} is a 32-bit Python, which this SDK does not know", python=python),)
    return ()


def check_chip(sdk: Sdk, answers: SdkAnswers, options: Options, script: str) -> tuple[str, ...]:
    """The options that name the chip; none where none is named. Raises UsageError for one that the SDK does not know,
    and where the script takes none."""
    chip = sdk.soc_version
    if not chip:
        return ()
    if not options.takes(SOC):
        raise UsageError(
            Message(
                "--soc-version {chip}: {script} of this SDK ({version}) takes no chip",
                chip=visible(chip),
                script=script,
                version=sdk.version,
            ),
            Message("leave it out"),
        )
    known = answers.chips()
    if known and chip not in known:
        message = Message("--soc-version {chip}: this SDK knows no such chip", chip=visible(chip))
        raise UsageError(message, visible(did_you_mean(chip, known)))
    return (SOC, chip)
