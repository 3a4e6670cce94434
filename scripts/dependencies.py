"""What pharmrs depends on: its licences, and whether the locked versions are the declared and the installed ones.

Usage: python scripts/dependencies.py licences | audit
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LICENCES = ROOT / "THIRD_PARTY_LICENCES"
LOCKS = {"runtime": ROOT / "requirements" / "runtime.txt", "dev": ROOT / "requirements" / "dev.txt"}
PYTHONS = ("3.11", "3.12", "3.13")

# what packages write about themselves -> SPDX; the first that is found in the words counts
_WORDS = (
    ("LGPL", "LGPL-3.0"), ("Lesser General Public", "LGPL-3.0"), ("AGPL", "AGPL"), ("GPL", "GPL"),
    ("General Public License", "GPL"), ("MPL-2.0", "MPL-2.0"), ("Mozilla Public License 2.0", "MPL-2.0"),
    ("Apache", "Apache-2.0"), ("MIT-CMU", "MIT-CMU"), ("0BSD", "0BSD"), ("BSD-2-Clause", "BSD-2-Clause"),
    ("2-clause BSD", "BSD-2-Clause"), ("BSD", "BSD-3-Clause"), ("MIT", "MIT"), ("ISC", "ISC"), ("PSF", "PSF-2.0"),
    ("Python Software Foundation", "PSF-2.0"), ("Biopython", "Biopython"), ("Unlicense", "Unlicense"),
    ("The Kiwi license", "BSD-3-Clause"), ("Redistribution and use in source and binary forms", "BSD-3-Clause"),
)  # fmt: skip
FREE = {
    "Apache-2.0", "MIT-CMU", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "MIT", "ISC", "PSF-2.0", "Biopython", "MPL-2.0",
    "Unlicense",
}  # fmt: skip
# LGPL: used as it is, through its public interface; nothing of it is copied or linked into pharmrs
LESSER = {"rainbow-api": "needed by allotropy for its chromatography files, which pharmrs does not read"}


@dataclass(frozen=True)
class Package:
    """One installed package and the licence it declares."""

    name: str
    version: str
    licence: str
    source: str


@dataclass(frozen=True)
class Locked:
    """One line of a lock: a version for the environments where `marker` holds, and its hashes."""

    name: str
    version: str
    marker: Marker | None
    hashes: tuple[str, ...]

    def wanted(self, python: str) -> bool:
        """Whether it is installed on Linux with this Python."""
        here = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux",
                "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64",
                "implementation_name": "cpython", "platform_python_implementation": "CPython"}  # fmt: skip
        return self.marker is None or self.marker.evaluate(here)


def declared(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [*project["dependencies"], *(text for one in extras for text in project["optional-dependencies"][one])]
    return [Requirement(text) for text in texts]


def installed(wanted: Iterable[Requirement]) -> dict[str, Package]:
    """Everything that is needed for `wanted`, and what that needs; by name."""
    found: dict[str, Package] = {}
    to_do = [(one, frozenset[str]()) for one in wanted]
    seen: set[tuple[str, frozenset[str]]] = set()
    while to_do:
        requirement, extras = to_do.pop()
        if requirement.marker and not any(requirement.marker.evaluate({"extra": one}) for one in extras or {""}):
            continue
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        distribution = importlib.metadata.distribution(key[0])
        found[key[0]] = _package(key[0], distribution)
        to_do += [(Requirement(text), key[1]) for text in distribution.requires or ()]
    return dict(sorted(found.items()))


def _package(name: str, distribution: importlib.metadata.Distribution) -> Package:
    about = distribution.metadata
    classifiers = [one for one in about.get_all("Classifier") or () if one.startswith("License ::")]
    places = [one for one in distribution.files or () if re.match(r"(?i).*(licen[cs]e|copying)[^/]*$", str(one))]
    sources = {
        "expression": about.get("License-Expression") or "",
        "classifier": " ".join(classifiers),
        "field": about.get("License") or "",
        **{str(one): Path(str(distribution.locate_file(one))).read_text("utf-8", "replace")[:3000] for one in places},
    }
    for source, words in sources.items():
        if licence := spdx(words if source != "field" else words[:200]):
            return Package(name, distribution.version, licence, source)
    return Package(name, distribution.version, "unknown", "")


def spdx(words: str) -> str:
    """The licence that is meant; empty where none is recognised."""
    return next((licence for pattern, licence in _WORDS if pattern in words), "")


def refused(packages: Iterable[Package]) -> list[str]:
    """What may not be needed to run pharmrs, and why."""
    return [
        f"{one.name} {one.version}: {one.licence}"
        for one in packages
        if one.licence not in FREE and not (one.licence == "LGPL-3.0" and one.name in LESSER)
    ]


def licences_text(packages: Iterable[Package]) -> str:
    """The list that is shipped."""
    rows = [f"{one.name:28} {one.licence}" for one in packages]
    notes = [f"{name}: LGPL, {why}." for name, why in LESSER.items()]
    return "\n".join(
        [
            "Packages that pharmrs needs to run, and the licence each declares (SPDX where there is a name).",
            "None is part of pharmrs: pip installs them from their own authors, with their full texts.",
            "Written by `make licences`; a test fails where a licence is unknown or one of the GPL.",
            "", *rows, "", *notes, "",
        ]
    )  # fmt: skip


def read_lock(path: Path) -> list[Locked]:
    """The lines of a lock file of uv or pip-tools. Raises ValueError for a line that pins no version."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        head, *hashes = re.split(r"\s+--hash=", line.strip())
        requirement = Requirement(head)
        (pin,) = requirement.specifier
        if pin.operator != "==":
            raise ValueError(f"{path.name}: {head} pins no version")
        name = canonicalize_name(requirement.name)
        found.append(Locked(name, pin.version, requirement.marker, tuple(one.strip() for one in hashes)))
    return found


def lock_problems(path: Path, wanted: Iterable[Requirement]) -> list[str]:
    """Where a lock and pyproject.toml disagree, for every Python; and lines without hashes."""
    lines = read_lock(path)
    said = [f"{one.name}=={one.version} has no SHA-256" for one in lines if not _hashed(one)]
    for python in PYTHONS:
        versions: dict[str, list[str]] = {}
        for one in lines:
            if one.wanted(python):
                versions.setdefault(one.name, []).append(one.version)
        said += [f"Python {python}: {name} is locked twice" for name, several in versions.items() if len(several) > 1]
        for requirement in wanted:
            (version, *_) = versions.get(canonicalize_name(requirement.name), [""])
            if not version or not requirement.specifier.contains(version, prereleases=True):
                said.append(f"Python {python}: {requirement} is locked as {version or 'nothing'}")
    return said


def _hashed(one: Locked) -> bool:
    return bool(one.hashes) and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in one.hashes)


def audit() -> int:
    """Print what is wrong with locks, installation and licences; advisories by pip-audit, where it is there."""
    said = [f"{name}: {what}" for name, path in LOCKS.items() for what in lock_problems(path, _of(name))]
    packages = installed(declared())
    said += [f"licence: {what}" for what in refused(packages.values())]
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    locked = {one.name: one.version for one in read_lock(LOCKS["runtime"]) if one.wanted(here)}
    other = [f"{name} {one.version}, locked {locked[name]}" for name, one in packages.items()
             if name in locked and locked[name] != one.version]  # fmt: skip
    for line in said:
        print(f"error: {line}")
    for line in other:
        print(f"warning: installed is {line}")
    print(f"{len(packages)} packages, {len(said)} errors, {len(other)} versions other than the locked ones")
    return max(int(bool(said)), _advisories())


def _of(name: str) -> list[Requirement]:
    return declared() if name == "runtime" else declared("dev")


def _advisories() -> int:
    if importlib.util.find_spec("pip_audit") is None:
        print("Advisories were NOT looked up: that needs a network and pip-audit (pip install pip-audit).")
        return 0
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "-r", str(LOCKS["runtime"])]
    return subprocess.run(command, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("licences", "audit"))
    if parser.parse_args().what == "audit":
        return audit()
    LICENCES.write_text(licences_text(installed(declared()).values()), encoding="utf-8")
    print(LICENCES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
