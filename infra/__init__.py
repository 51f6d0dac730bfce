"""What exists in AWS: the CDK app, read by `cdk`, by `make synth` and by the tests."""

import os
import sys
from pathlib import Path

# The CDK runs on Node, which the project brings as a wheel beside its Python interpreter. It is looked for
# when aws_cdk is imported, so it has to be found before anything here imports it.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
