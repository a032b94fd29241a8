"""Convert between the JSON of the HTTP API and results; the only room that knows this JSON.

The cloud engine and the server both use it; it makes no connections itself.  `ENDPOINTS` lists the
endpoints, `encode` writes answers as documented by the API, and `decode` reads all known forms of
answers of the documentation and of the service.  ``decode(encode(x)) == x``, except for page
numbers, corners, warnings and the engine, which the JSON cannot represent.
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
    "ENDPOINTS", "HOST", "MESSAGES", "Endpoint", "Shape", "Transport", "decode", "encode",
    "endpoint", "error_of", "transports",
]  # fmt: skip
