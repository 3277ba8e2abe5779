"""Serves a SavedModel by KServe, which speaks TensorFlow Serving's REST protocol (its "V1").

    python kserve_server.py FOLDER NAME PORT

Only this machine can reach it. What a proxy does before a server that strangers reach, it does itself:
it refuses bodies of more than 16 MB, and more requests at once than it can hold.
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

from kserve import Model, ModelServer
from kserve.errors import InvalidInput
from kserve.model_server import app
from kserve.protocol.rest.server import RESTServer
from rest import Rest

LARGEST_BODY = 16 * 2**20
AT_ONCE = 256  # requests, waiting ones too; others are answered 503
THREADS = 2  # that run the network


class Exported(Model):
    """A version of an export, answering requests in rows and columns."""

    def __init__(self, folder, name):
        super().__init__(name)
        self.rest = Rest(folder, name)
        self.threads = ThreadPoolExecutor(THREADS)
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        # In a thread, so that the server goes on to answer others.
        run = asyncio.get_running_loop().run_in_executor
        try:
            return await run(self.threads, self.rest.predict, payload)
        except Exception as error:
            raise InvalidInput(" ".join(str(error).split())) from error


class BodyLimit:
    """An ASGI application that answers 413 to large bodies, before more of them is read."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"0")
        read, refused = 0, not said.isdigit() or int(said) > LARGEST_BODY

        async def counted():
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST_BODY:
                raise TooLarge
            return message

        if not refused:
            try:
                await self.app(scope, counted, send)
                return
            except TooLarge:
                pass
        head = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": head})
        await send({"type": "http.response.body", "body": b'{"error": "the body is too large"}'})


class TooLarge(BaseException):
    """Of a body that did not say how long it is; no `Exception`, which the server would answer 500."""


def main(folder, name, port):
    server = ModelServer(http_port=port, workers=1, enable_grpc=False, enable_docs_url=False)
    server.register_model(Exported(folder, name))
    models = server.model_repository_extension
    rest = RESTServer("kserve.model_server:app", server.dataplane, models, http_port=port)
    rest.config.host, rest.config.limit_concurrency = "127.0.0.1", AT_ONCE
    app.add_middleware(BodyLimit)
    asyncio.run(rest.start())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
