"""Pack the desktop bundles: `python -m publishing.bundle PACKER FOLDER`.

The package goes in as its built wheel, unpacked, with its entry points; dependencies are pinned and
come when the bundle is started first. The official packer validates and packs.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from publishing.bundles import FLAVOURS, bundle_files
from publishing.icon import png
from publishing.sources import ROOT, Source, read_source

__all__ = ["main"]

SMALLEST, LARGEST = 50_000, 1_000_000
"""Bytes of a bundle; outside of it something is missing, or something is in that should not be."""


def main() -> int:
    """Pack every flavour; the exit status."""
    packer, target = Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()
    source = read_source()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = _built_wheel(Path(folder))
        for kind in FLAVOURS:
            suffix = "" if kind == "uv" else f"-{kind}"
            bundle = target / f"{source.name}-{source.version}{suffix}.mcpb"
            stage = Path(folder) / kind
            _stage(source, kind, wheel, stage)
            _pack(stage, bundle, packer)
            print(f"{bundle.relative_to(Path.cwd())}: {bundle.stat().st_size:,} bytes, valid")
    return 0


def _built_wheel(folder: Path) -> Path:
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    return next(folder.glob("*.whl"))


def _stage(source: Source, kind: str, wheel: Path, stage: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(stage / "lib")
    for name, data in bundle_files(source).items():
        if not name.startswith("manifest."):
            (stage / name).write_bytes(data)
    (stage / "manifest.json").write_bytes(bundle_files(source)[f"manifest.{kind}.json"])
    (stage / "icon.png").write_bytes(png())
    (stage / "LICENSE").write_bytes((ROOT / "LICENSE").read_bytes())


def _pack(stage: Path, bundle: Path, packer: Path) -> None:
    _run(str(packer), "validate", str(stage / "manifest.json"))
    bundle.unlink(missing_ok=True)
    _run(str(packer), "pack", str(stage), str(bundle))
    size = bundle.stat().st_size
    if not SMALLEST <= size <= LARGEST:
        raise SystemExit(f"{bundle} has {size:,} bytes; something is missing or too much.")


def _run(*command: str, cwd: Path | None = None) -> None:
    # The build reads no setting of Callpost's, and a packer needs none.
    environ = {k: v for k, v in os.environ.items() if not k.startswith("CALLPOST_")}
    done = subprocess.run(  # noqa: S603 -- our own interpreter, and the packer that was named
        command, cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
