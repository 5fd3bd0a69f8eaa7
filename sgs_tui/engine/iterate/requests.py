"""The steps of an iteration as runs: the user's commands, and the SDK's simulator on what they leave."""

from collections.abc import Mapping
from pathlib import Path

from sgs_tui.engine.errors import UsageError
from sgs_tui.engine.iterate.config import NAME, IterateConfig
from sgs_tui.engine.simulate.run_request import Product, ProductKind, RunRequest
from sgs_tui.engine.simulate.sdk import SdkRequest, sdk_runs
from sgs_tui.engine.simulate.sdk_environment import sdk_environment
from sgs_tui.engine.simulate.sdk_root import Sdk, find_sdk

BACKEND = "command"
"""Backend of the user's own commands."""


def sdk_of(config: IterateConfig, environ: Mapping[str, str]) -> Sdk:
    """The SDK whose simulator dumps. Raises UsageError where none is named, InputError where it is none."""
    try:
        return find_sdk(config.sdk, environ=environ)
    except UsageError as error:
        hint = f'write sdk = "/opt/SGS_IPU_SDK" into [iterate] of {NAME}, or set SGS_IPU_DIR'
        raise UsageError(error.message, hint) from error


def convert_request(config: IterateConfig, sdk: Sdk, environ: Mapping[str, str]) -> RunRequest:
    """From the original model to the float one."""
    return _command(config, config.convert, "convert", config.float_model, (str(config.ini),), sdk, environ)


def calibrate_request(config: IterateConfig, sdk: Sdk, environ: Mapping[str, str]) -> RunRequest:
    """From the float model to the fixed one."""
    needs = (str(config.ini), str(config.float_model))
    return _command(config, config.calibrate, "calibrate", config.fixed_model, needs, sdk, environ)


def dump_request(config: IterateConfig, model: Path, sdk: Sdk, environ: Mapping[str, str]) -> RunRequest:
    """The dump of one model on the one image. Raises UsageError, InputError, RunError."""
    asked = SdkRequest(
        model=model,
        image=config.image,
        preprocess=config.preprocess,
        python=config.python,
        timeout=config.timeout,
    )
    found = sdk_runs(asked, sdk, environ)
    if len(found) != 1:
        raise UsageError(f"{config.image}: holds {len(found)} images, an iteration compares one", "name one file")
    return found[0]


def _command(
    config: IterateConfig,
    command: str,
    stage: str,
    product: Path,
    needs: tuple[str, ...],
    sdk: Sdk,
    environ: Mapping[str, str],
) -> RunRequest:
    return RunRequest(
        argv=("bash", "--noprofile", "--norc", "-c", command),
        backend=BACKEND,
        model=str(product),
        stage=stage,
        products=(Product(str(product), ProductKind.FILE),),
        environment=sdk_environment(sdk, environ),
        cwd=str(config.folder),
        needs=needs,
        timeout=config.timeout,
        details={"command": command, "sdk": str(sdk.root)},
    )
