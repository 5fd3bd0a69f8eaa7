"""The SDK's example scripts as runs: sim_optimizer.py and sim_calibrator.py (facts 6.8, 8)."""

from pathlib import Path

from sgs_tui.engine.errors import InputError
from sgs_tui.engine.optimize.sdk_question import SdkFiles, SdkQuestion
from sgs_tui.engine.simulate.run_request import Product, ProductKind, RunRequest
from sgs_tui.engine.simulate.sdk_environment import sdk_environment
from sgs_tui.engine.simulate.sdk_interpreter import interpreter_notes
from sgs_tui.engine.simulate.sdk_root import Generation, Sdk

CANDIDATES = "optimized_quant_info_*.pkl"
"""What sim_optimizer.py leaves in its directory: one file a compression rate."""

_SUSPECT = (
    "newer SDKs never apply what sim_optimizer.py tries (interop notes 8): its choice may be chance, the comparison "
    "below is not"
)


def optimizer_run(question: SdkQuestion, files: SdkFiles) -> RunRequest:
    """One run of sim_optimizer.py. Raises InputError when the SDK has none, RunError for its environment."""
    products = (Product(CANDIDATES, ProductKind.PATTERN),)
    notes = (_SUSPECT,) if question.sdk.generation is Generation.NEWER else ()
    return _run(question, files, "sim_optimizer.py", (), "optimize", products, notes)


def calibrator_run(question: SdkQuestion, files: SdkFiles, quant_file: Path, target: Path) -> RunRequest:
    """One run of sim_calibrator.py that makes the fixed model `target` as `quant_file` says. Raises as above."""
    more = ("--quant_file", str(quant_file), "-o", str(target))
    products = (Product(str(target), ProductKind.FILE),)
    return _run(question, files, "sim_calibrator.py", more, "calibrate", products, ())


def _run(
    question: SdkQuestion,
    files: SdkFiles,
    script: str,
    more: tuple[str, ...],
    stage: str,
    products: tuple[Product, ...],
    notes: tuple[str, ...],
) -> RunRequest:
    environment = sdk_environment(question.sdk, question.environ)
    scripts = question.scripts()
    argv = [question.python, str(_find(question.sdk, script)), "-i", str(files.images), "-m", str(files.model)]
    argv += ["--input_config", str(files.ini), *(("-n", ",".join(scripts)) if scripts else ())]
    argv += ["--num_process", str(question.processes), *more]
    return RunRequest(
        argv=tuple(argv),
        backend="sdk",
        model=str(files.model),
        stage=stage,
        products=products,
        environment=environment,
        needs=(str(files.model), str(files.ini), *(item for item in scripts if item.endswith(".py"))),
        timeout=question.timeout,
        details={
            "calibration": question.calibrate,
            "preprocess": question.preprocess,
            "sdk": str(question.sdk.root),
            "generation": str(question.sdk.generation),
        },
        warnings=(*notes, *interpreter_notes(question.sdk, question.python, environment)),
    )


def _find(sdk: Sdk, script: str) -> Path:
    """The script, wherever below Scripts this SDK keeps it."""
    usual = sdk.root / "Scripts" / "examples" / script
    found = usual if usual.is_file() else next(iter(sorted((sdk.root / "Scripts").rglob(script))), None)
    if found is None:
        raise InputError(f"{sdk.root}: the SDK has no {script}", "it is in Scripts/examples; unpack the SDK again")
    return found
