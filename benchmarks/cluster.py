"""Processes of one cluster on this machine."""

import contextlib
import json
import os
import socket


def environments(count):
    """The environment of each of so many processes that train together; of one alone, as it is."""
    if count == 1:
        return [dict(os.environ)]
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("localhost", 0))) for _ in range(count)]
        hosts = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    tasks = [{"type": "worker", "index": index} for index in range(count)]
    cluster = {"worker": hosts}
    return [
        {**os.environ, "TF_CONFIG": json.dumps({"cluster": cluster, "task": task})} for task in tasks
    ]
