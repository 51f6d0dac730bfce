import sys

from patang_workbench.exchange.command import main

sys.exit(main())
