"""What each deployable is made of, from the locks and the templates, in CycloneDX's JSON (an SBOM)."""

from patang_workbench.bill_of_materials.cyclonedx import bill_of
from patang_workbench.bill_of_materials.deployables import Deployable, deployables
from patang_workbench.bill_of_materials.locks import Locked, LockError, read_lock

__all__ = ["Deployable", "LockError", "Locked", "bill_of", "deployables", "read_lock"]
