"""Runs a flow that creates the file STARTED, waits until the file GO exists, and runs a task."""

import sys
import time
from pathlib import Path

from prefect import flow, task

started, go = map(Path, sys.argv[1:])


@task
def step():
    return "done"


@flow
def nightly():
    started.touch()
    while not go.exists():
        time.sleep(0.05)
    step()


nightly()
