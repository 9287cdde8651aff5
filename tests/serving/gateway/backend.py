"""A server that answers as a model server does, misbehaving as it is told: `python backend.py --fd N --version V`.

The body of a request steers it: {"fail": VERSION} gives 500 there, {"break": VERSION} closes the connection.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
from typing import Any

import uvicorn


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--score", type=float, default=0.25)
    asked = parser.parse_args()

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = json.loads((await receive())["body"])
        if body.get("break") == asked.version:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(body.get("seconds", 0))
        status = 500 if body.get("fail") == asked.version else 200
        label = "yes" if asked.score >= 0.5 else "no"
        answer = json.dumps({"predictions": [label], "probabilities": [asked.score], "version": asked.version}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(answer)).encode()),
            (b"x-ax-version", f"churn:{asked.version}".encode()),
            (b"x-ax-rows", b"1"),
            (b"x-ax-positive", b"1" if label == "yes" else b"0"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", access_log=False, log_level="error"))
    asyncio.run(server.serve(sockets=[socket.socket(fileno=asked.fd)]))


if __name__ == "__main__":
    main()
