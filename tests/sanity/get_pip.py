"""Stands in for get-pip.py, which ansible-test downloads when it makes a virtual environment.

ansible-test looks for its copy in $HOME/.ansible/test/cache before it downloads one. This one needs no download:
pip comes from the ensurepip that every CPython carries, the rest from the package index in use.
"""

from __future__ import annotations

import subprocess
import sys

arguments = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
# In a process of its own: ensurepip switches pip's configuration off in the process it runs in.
subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True)
subprocess.run([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *arguments], check=True)
