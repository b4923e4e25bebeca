"""Makes one call to the gRPC health service, and prints its result as JSON.

Usage: client.py ADDRESS OPTIONS, where OPTIONS is a JSON object; see call.rs.
"""

import json
import sys
import time

import grpc


def read(metadata):
    """Metadata as a map of names to lists of values."""
    values = {}
    for name, value in metadata or ():
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        values.setdefault(name, []).append(text)
    return values


address, options = sys.argv[1], json.loads(sys.argv[2])
arguments = [("grpc.service_config", json.dumps(options["serviceConfig"]))]
with grpc.insecure_channel(address, options=arguments) as channel:
    # Both messages are empty or ignored, so that no generated code is needed.
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    start = time.monotonic()
    # `exception` waits for the end of the call.
    call = check.future(b"", timeout=options["deadlineSeconds"], wait_for_ready=options["waitForReady"])
    call.exception()
    milliseconds = int((time.monotonic() - start) * 1000)
    outcome = {
        "code": call.code().value[0],
        "message": call.details() or "",
        "milliseconds": milliseconds,
        "initialMetadata": read(call.initial_metadata()),
        "trailers": read(call.trailing_metadata()),
    }
print(json.dumps(outcome))
