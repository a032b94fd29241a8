"""An HTTP server with the API's endpoints, answered by any engine (extra ``server``).

Programs written for the API only need another host name, key and secret.
"""

from cvocr_lab.errors import MissingPartError

try:
    from cvocr_lab.server.app import make_app
    from cvocr_lab.server.job import Bounds
    from cvocr_lab.server.keys import Keys
    from cvocr_lab.server.run_server import serve, serving
    from cvocr_lab.server.simulated_faults import FAULTS, Faults, parse_faults
except ModuleNotFoundError as error:
    raise MissingPartError(
        f"the server needs {error.name}: pip install 'cvocr-lab[server]'"
    ) from None

__all__ = [
    "FAULTS", "Bounds", "Faults", "Keys", "make_app", "parse_faults", "serve", "serving",
]  # fmt: skip
