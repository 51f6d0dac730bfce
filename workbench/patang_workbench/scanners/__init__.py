"""Others' scanners over the project: what they find, and what of it was accepted with a reason.

`make security` runs all of them; so do tests/infra/test_code_scanners.py and test_template_scanners.py.
"""

from patang_workbench.scanners.acceptances import Acceptance, read_acceptances, reasons_in_code
from patang_workbench.scanners.findings import Finding, Sorted, sort_out
from patang_workbench.scanners.of_code import bandit, detect_secrets, project_files
from patang_workbench.scanners.of_images import checkov_images, dockerfiles, hadolint
from patang_workbench.scanners.of_templates import (
    asl_validator,
    cfn_lint,
    checkov_templates,
    definitions,
    nag_reasons,
    templates_of,
)
from patang_workbench.scanners.programs import ScannerError

__all__ = [
    "Acceptance",
    "Finding",
    "ScannerError",
    "Sorted",
    "asl_validator",
    "bandit",
    "cfn_lint",
    "checkov_images",
    "checkov_templates",
    "definitions",
    "detect_secrets",
    "dockerfiles",
    "hadolint",
    "nag_reasons",
    "project_files",
    "read_acceptances",
    "reasons_in_code",
    "sort_out",
    "templates_of",
]
