"""`python -m patang_workbench`: the command line, where nobody has installed its script."""

import sys

from patang_workbench.cli import main

if __name__ == "__main__":
    sys.exit(main())
