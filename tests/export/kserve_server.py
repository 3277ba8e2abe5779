"""Serves a SavedModel by KServe, which speaks TensorFlow Serving's REST protocol (its "V1").

python kserve_server.py FOLDER NAME PORT
"""

import sys

from kserve import Model, ModelServer
from kserve.errors import InvalidInput
from rest import Rest


class Exported(Model):
    """A version of an export, answering requests in rows and columns."""

    def __init__(self, folder, name):
        super().__init__(name)
        self.rest = Rest(folder, name)
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        try:
            return self.rest.predict(payload)
        except Exception as error:
            raise InvalidInput(" ".join(str(error).split())) from error


if __name__ == "__main__":
    folder, name, port = sys.argv[1:]
    server = ModelServer(http_port=int(port), workers=1, enable_grpc=False, enable_docs_url=False)
    server.start([Exported(folder, name)])
