"""Starts `bbkd` as often as one likes by forking a process that has imported it, which saves a second each time.

An order is a line of JSON on stdin: words, folder, and user, and where stdin, stdout and stderr lead; the answer is a
pid. `die_at`
is SIGKILL just before the so many-th step of writing files in the folder `watched`. `wait` answers an exit code.
"""

import importlib
import json
import os
import signal
import sys
import tomllib  # noqa: F401  what a child would have to import
from typing import Any

from blackbox_kd.cli import main
from blackbox_kd.teachers.sender import connect
from blackbox_kd.teachers.target import Api, Patience, Target

WIRES: tuple[Api, ...] = ("openai", "anthropic")
STEPS = ("os.rename", "os.remove", "open")


def dying(at: int, watched: str) -> None:
    """Kill this process before its so many-th step: a file in the folder is written, renamed or removed."""
    taken = 0

    def hook(event: str, values: tuple[Any, ...]) -> None:
        nonlocal taken
        reading = event == "open" and not values[2] & (os.O_WRONLY | os.O_RDWR)
        if event in STEPS and not reading and str(values[0]).startswith(watched):
            taken += 1
            if taken == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def child(order: dict[str, Any]) -> None:
    """Be `bbkd`; a terminal becomes this process's own."""
    os.setsid()
    os.chdir(order["folder"])
    stream = os.open(order["stream"], os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    for number in range(3):
        os.dup2(stream, number)
    sys.argv = ["bbkd", *order["words"]]
    if order["user"] and os.geteuid() == 0:
        os.setgroups([])
        os.setgid(order["user"])
        os.setuid(order["user"])
    if order["die_at"]:
        dying(order["die_at"], order["watched"])
    main()


for name in ("encodings.utf_8_sig", *(f"blackbox_kd.stages.{one}" for one in ("prompts", "query", "filter"))):
    importlib.import_module(name)
for wire in WIRES:
    connect(Target(wire=wire, model="m", label="m", base_url="http://127.0.0.1:9", identity="m"), "k", Patience())
for line in sys.stdin:
    told = json.loads(line)
    if "wait" in told:
        _, status = os.waitpid(told["wait"], 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
    else:
        pid = os.fork()
        if not pid:
            child(told)
        sys.stdout.write(f"{pid}\n")
    sys.stdout.flush()
