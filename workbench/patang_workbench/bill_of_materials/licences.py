"""The licence of a locked package, as its own metadata says it."""

from importlib import metadata
from typing import Any, Final

from patang_workbench.bill_of_materials.locks import Locked

__all__ = ["licences_of"]

# Some packages write the whole text where others write the name.
_LONGEST_NAME: Final = 60


def licences_of(package: Locked) -> list[dict[str, Any]]:
    """In CycloneDX's form; empty where the package is not installed here in this version, or says nothing."""
    try:
        said = metadata.distribution(package.name)
    except metadata.PackageNotFoundError:
        return []
    if said.version != package.version:
        return []
    headers = said.metadata
    if "License-Expression" in headers:
        return [{"expression": headers["License-Expression"]}]
    if (
        "License" in headers
        and 0 < len(headers["License"]) <= _LONGEST_NAME
        and "\n" not in headers["License"]
    ):
        return [{"license": {"name": headers["License"]}}]
    classified = sorted(
        classifier.rpartition(" :: ")[2]
        for classifier in headers.get_all("Classifier") or []
        if classifier.startswith("License ::")
    )
    return [{"license": {"name": name}} for name in classified]
