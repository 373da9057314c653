"""The process behind the metric `unit_tests`: runs an answer's code, then the tests, and says that they passed.

It is started with the number of the pipe to say so, seconds and MiB; (code, tests, token) are JSON on its input. What
it uses after the answer's code has run was looked up before, so that replaced builtins and modules change nothing.
"""

import ast
import json
import math
import os
import resource
import sys
from types import CodeType, FunctionType
from typing import Any

FILE_BYTES = 16 << 20
PROCESSES = {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "pty.spawn", "subprocess.Popen"}


def limit(seconds: float, memory_mb: int) -> None:
    """Bound processor time, address space, file size and core dumps of this process, and forbid further ones."""
    cpu = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    processes = frozenset(PROCESSES)

    def refuse(event: str, _: object) -> None:
        if event in processes:
            raise PermissionError("no further processes")

    sys.addaudithook(refuse)  # PEP 578; RLIMIT_NPROC would count the user's other processes, and does not bind root


def compiled(text: str, name: str) -> CodeType:
    """The code object; raises `SyntaxError`, `ValueError`, `MemoryError` or `RecursionError` where it is no Python."""
    code: CodeType = compile(text, name, "exec", dont_inherit=True, optimize=0)
    return code


def active(text: str) -> bool:
    """Whether a reference checks anything by itself, outside functions and classes."""
    idle = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    told = (one for one in ast.parse(text).body if not isinstance(one, idle))
    return any(not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)) for one in told)


def main() -> None:
    """Run both, and write the token where nothing was raised; any exception or exit leaves without."""
    pipe, seconds, memory_mb = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    os.set_inheritable(pipe, False)
    limit(seconds, memory_mb)
    parts = json.loads(sys.stdin.buffer.read())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    answer, tests = compiled(parts["code"], "answer"), compiled(parts["tests"], "tests")
    token = bytes.fromhex(parts["token"])
    run, write, kind = exec, os.write, type
    names: dict[str, Any] = {"__name__": "answer"}
    run(answer, names)
    before = {**names}
    ran = active(parts["tests"])
    run(tests, names)
    for name in [*names]:
        test = names[name]
        new = name[:5] == "test_" and before.get(name) is not test
        if new and kind(test) is FunctionType and not test.__code__.co_argcount:
            test()
            ran = True
    if ran:
        write(pipe, token)


if __name__ == "__main__":
    main()
