"""The largest memory that Python code needs, in a process of its own."""

import json
import os
import subprocess
import sys

_FRAME = """
import json, resource, sys
def peak():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{imports}
before = peak()
{code}
print("\\n" + json.dumps([before, peak()]))
"""


def peak(imports, code, *arguments):
    """Returns (bytes at most after `imports`, bytes at most in all) of a process that runs both.

    Args:
        imports: Python code; what it needs is not counted as the task's.
        code: Python code.
        *arguments: its `sys.argv[1:]`.
    """
    program = _FRAME.format(imports=imports, code=code)
    # Linux gives a child its parent's peak to begin with, unless a process lies between that has
    # little: a shell.
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", program, *map(str, arguments)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    before, after = json.loads(done.stdout.splitlines()[-1])
    return before, after
