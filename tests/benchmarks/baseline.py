"""The same server with nothing behind it: a WSGI callable that answers one recorded answer to everything.

    python baseline.py PORT ANSWER.json

It reads the request's body, as any application must, and returns the headers and the bytes of the file.
"""

import base64
import json
import socket
import sys
from pathlib import Path

from keytrail.server import serve


def recorded(answer: dict):
    status = f"{answer['status']} OK"
    headers = [tuple(header) for header in answer["headers"]]
    body = [base64.b64decode(answer["body"])]

    def application(environ, start_response):
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(status, headers)
        return body

    return application


if __name__ == "__main__":
    port, answer = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=1024)
    serve(recorded(json.loads(Path(answer).read_text())), listener)
