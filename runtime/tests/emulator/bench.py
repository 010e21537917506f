"""Runs statements in a process of its own that has ministack imported, mended or as it is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TIMEOUT_S = 60
PRELUDE = """
import json, os, queue, sys, threading, time
from portico_runtime.emulator import launcher

os.environ.update(PORT="0", STATE_DIR={folder!r})
launcher.prepare()

from portico_runtime.emulator import durability, mends
from ministack.services import stepfunctions as states


def machine(definition):
    arn = "arn:aws:states:eu-west-1:000000000000:stateMachine:m"
    states._state_machines[arn] = dict(name="m", roleArn="r", definition=json.dumps(definition))
    return arn


def pass_machine():
    return machine(dict(QueryLanguage="JSONata", StartAt="P", States=dict(P=dict(Type="Pass", End=True))))


def run(arn, name):
    answer = json.loads(states._start_execution(dict(stateMachineArn=arn, name=name, input="[]"))[2])
    execution = states._executions[answer["executionArn"]]
    while execution["status"] == "RUNNING":
        time.sleep(0.005)
    time.sleep(0.02)
    return execution


def answer(value):
    print("ANSWER" + json.dumps(value))
"""


def on_bench(folder: Path, statements: str, *, mended: bool) -> Any:
    """Run the statements and return what they gave to `answer`."""
    apply = "mends.apply(threading.RLock())\n" if mended else ""
    changes, _, measured = statements.rpartition("# apply\n")
    code = f"{PRELUDE.format(folder=str(folder / 'state'))}\n{changes}\n{apply}{measured}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("ANSWER"))
    return json.loads(line.removeprefix("ANSWER"))
