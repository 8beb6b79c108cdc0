"""uvicorn with nothing behind it: an ASGI callable that answers one recorded answer to everything.

    python baseline.py PORT ANSWER.json

It reads the request's body, as any application must, and returns the headers and the bytes of the file.
"""

import base64
import json
import sys
from pathlib import Path

import uvicorn

from keytrail.http.serving import listen


def recorded(answer: dict):
    headers = [(name.encode(), value.encode()) for name, value in answer["headers"]]
    start = {"type": "http.response.start", "status": answer["status"], "headers": headers}
    body = {"type": "http.response.body", "body": base64.b64decode(answer["body"])}

    async def application(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await send(start)
        await send(body)

    return application


if __name__ == "__main__":
    port, answer = sys.argv[1:]
    listener = listen("127.0.0.1", int(port))
    config = uvicorn.Config(
        recorded(json.loads(Path(answer).read_text())),
        http="httptools",
        ws="none",
        loop="uvloop",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])
