"""Carries out a Dockerfile on this machine, without Docker: every stage is a layer over this machine's own files.

Python and the system are this machine's, not those of the image that `FROM` names. Only root can mount layers.
"""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

PYTHON = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def instructions(text: str) -> list[tuple[str, str]]:
    """A Dockerfile's instructions and their arguments."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", "")
    return [tuple(line.split(maxsplit=1)) for line in lines.splitlines() if line.strip()]


def context_of(root: Path, place: Path) -> Path:
    """What `.dockerignore` lets through of a repository's files, as Docker reads it."""
    rules = [line for line in (root / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        parents = [name, *map(str, Path(name).parents)]
        ignored = False
        for rule in rules:
            pattern = rule.removeprefix("!").removeprefix("**/")
            if any(fnmatch.fnmatch(one, pattern) for one in parents):
                ignored = not rule.startswith("!")
        if not ignored and (root / name).exists():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, place / name)
    return place


@dataclass
class Stage:
    """One stage.

    Attributes:
        root: what a process in it sees as /.
        layers: the folders of what was written, the last first.
        settings: of ENTRYPOINT and its like, the arguments.
    """

    root: Path
    layers: list[Path]
    environment: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    folder: str = "/"

    def call(self, command: list[str], **options) -> subprocess.CompletedProcess[str]:
        """Run a program in it, as root."""
        environment = os.environ | self.environment
        return subprocess.run(["chroot", self.root, *command], env=environment, check=True, **options)


class Builder:
    """Builds the stages; use as a context manager, which unmounts them.

    Args:
        context: the folder that COPY copies of.
        place: where layers lie.
        arguments: of the build.
    """

    def __init__(self, context: Path, place: Path, **arguments: str) -> None:
        self._context, self._place, self._arguments = context, place, arguments
        self.stages: dict[str, Stage] = {}
        self._mounts = ExitStack()

    def __enter__(self) -> Self:
        self.mount("-t", "tmpfs", "tmpfs", at=self._place)  # no layer may lie in a layer below it
        return self

    def __exit__(self, *_: object) -> None:
        self._mounts.close()

    def mount(self, *arguments: object, at: Path) -> None:
        """Mount something until the end."""
        subprocess.run(["mount", *map(str, arguments), at], check=True)
        self._mounts.callback(subprocess.run, ["umount", "--lazy", at], check=True)

    def build(self, text: str) -> Stage:
        """Carry out a Dockerfile; gives its last stage."""
        first: dict[str, str] = {}
        declared, stage = first, None  # those before the first FROM are for FROM alone
        for name, argument in instructions(text):
            if name == "FROM":
                image, _, alias = self._filled(argument, first).partition(" AS ")
                declared, stage = {}, self._begun(image, alias or "last")
            elif name == "ARG":
                key, _, default = argument.partition("=")
                declared[key] = self._arguments.get(key, default)
            else:
                self._carry_out(stage, name, argument, declared)
        return stage

    def _carry_out(self, stage: Stage, name: str, argument: str, declared: dict[str, str]) -> None:
        values = stage.environment | declared
        if name == "RUN":
            script = f"cd {stage.folder} && {argument}"
            environment = {**declared, **stage.environment}
            stage.call(["/usr/bin/env", *(f"{k}={v}" for k, v in environment.items()), "/bin/sh", "-c", script])
        elif name == "WORKDIR":
            stage.folder = argument
            (stage.root / argument.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif name == "COPY":
            self._copy(stage, argument.split())
        elif name in ("ENV", "LABEL"):
            found = dict(pair.split("=", 1) for pair in shlex.split(self._filled(argument, values)))
            (stage.environment if name == "ENV" else stage.settings).update(found)
        else:
            stage.settings[name] = argument

    def _copy(self, stage: Stage, names: list[str]) -> None:
        source = self._context
        if names[0].startswith("--from="):
            source = self.stages[names.pop(0).removeprefix("--from=")].root
        *sources, last = names
        target = stage.root / stage.folder.lstrip("/") / last if last[0] != "/" else stage.root / last.lstrip("/")
        for name in sources:
            path = source / name.lstrip("/")
            if path.is_dir():
                shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
            else:
                into = target if last.endswith("/") else target.parent
                into.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, into / path.name if last.endswith("/") else target)

    def _begun(self, image: str, alias: str) -> Stage:
        base = self.stages.get(image)
        layers = base.layers if base else []
        upper, work, root = (self._place / alias / part for part in ("layer", "work", "root"))
        for folder in (upper, work, root):
            folder.mkdir(parents=True)
        lower = ":".join([*map(str, layers), "/"])
        self.mount("-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", at=root)
        self.mount("-t", "proc", "proc", at=root / "proc")
        self.mount("--bind", "/dev", at=root / "dev")
        self.mount("--bind", "-o", "ro", "/sys", at=root / "sys")
        stage = Stage(
            root, [upper, *layers], dict(base.environment) if base else {"PATH": f"{PYTHON.parent}:{BASE_PATH}"}
        )
        stage.settings = dict(base.settings) if base else {}
        if base is None:
            for folder in PYTHON.parents:  # everybody may read it, as in Python's own image
                (root / str(folder).lstrip("/")).chmod(0o755)
            for file in (root / "etc/passwd", root / "etc/group"):  # nobody but the system's users
                lines = file.read_text().splitlines(keepends=True)
                file.write_text("".join(line for line in lines if int(line.split(":")[2]) < 1000))
        self.stages[alias] = stage
        return stage

    @staticmethod
    def _filled(text: str, values: dict[str, str]) -> str:
        """A text with its variables replaced; `${NAME:+more}` is there where NAME is."""

        def value(match: re.Match[str]) -> str:
            found = values.get(match[1] or match[3], "")
            return (found and Builder._filled(match[2].rstrip("}") + "}", values)) if match[2] else found

        return re.sub(r"\$\{(\w+)(?::\+((?:[^{}]|\{[^}]*\})*))?\}|\$(\w+)", value, text)


def size_of(folder: Path) -> int:
    """Bytes of the regular files in a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def in_brackets(argument: str) -> list[str]:
    """A command as a list, as ENTRYPOINT, CMD and HEALTHCHECK have it."""
    return json.loads(argument[argument.index("[") :])
