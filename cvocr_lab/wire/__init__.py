"""The HTTP API's JSON <-> results; the only room that knows the JSON.

No socket is in it: the cloud engine asks by it and the server answers by it.  `ENDPOINTS` lists
what can be asked, `encode` writes an answer as the API's pages say, and `decode` reads every shape
that the pages or the running service are known to give.  ``decode(encode(x)) == x`` for whatever
an answer can carry: the pages have no place for page numbers, corners, warnings and the engine.
"""

from cvocr_lab.wire.codes import MESSAGES, error_of
from cvocr_lab.wire.decoding import decode
from cvocr_lab.wire.encoding import encode
from cvocr_lab.wire.endpoints import (
    ENDPOINTS,
    HOST,
    Endpoint,
    Shape,
    Transport,
    endpoint,
    transports,
)

__all__ = [
    "ENDPOINTS",
    "HOST",
    "MESSAGES",
    "Endpoint",
    "Shape",
    "Transport",
    "decode",
    "encode",
    "endpoint",
    "error_of",
    "transports",
]
