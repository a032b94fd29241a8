"""``cvocr-lab serve``: the HTTP API on this machine."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import secrets
import sys
from dataclasses import replace
from pathlib import Path

from cvocr_lab.cli._shared import Commands, add_option, complain
from cvocr_lab.errors import ArgumentError


def add(commands: Commands) -> None:
    """Add the command."""
    serve = commands.add_parser(
        "serve",
        help="serve the HTTP API with the offline engine or another",
        epilog="Without --key, the pair is taken from CVOCR_API_KEY and CVOCR_API_SECRET. If these "
        "are not set, a random pair is used and printed.",
    )
    serve.add_argument("--engine", default="local", metavar="NAME", help="default: local")
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
    serve.add_argument("--port", type=int, default=8080, help="0 for any; default: 8080")
    serve.add_argument(
        "--key", action="append", default=[], metavar="KEY:SECRET", dest="keys",
        help="key and secret of a client; may be repeated",
    )  # fmt: skip
    serve.add_argument("--quota", type=int, metavar="N", help="number of answers per key")
    serve.add_argument(
        "--quota-file", type=Path, metavar="FILE",
        help="file that keeps the counts when the server restarts; default: "
        "cvocr-lab/quota.sqlite in the user's state folder",
    )  # fmt: skip
    serve.add_argument("--workers", type=int, metavar="N", help="number of pictures read at once")
    serve.add_argument(
        "--queue", type=int, metavar="N", help="number of waiting requests; default: 16 per worker"
    )
    serve.add_argument(
        "--time-limit", type=float, default=60.0, metavar="S",
        help="limit for one picture, in seconds; default: 60",
    )  # fmt: skip
    serve.add_argument(
        "--allow-private-urls", action="store_true",
        help="also fetch URLs with private, link-local and loopback addresses",
    )  # fmt: skip
    serve.add_argument(
        "--faults", metavar="SPEC",
        help="deliberate faults, each with its share of requests, to rehearse a bulk run: "
        "slow=0.1:2,drop=0.02,lose=0.02,429=0.05,500=0.05,503=0.05,garbage=0.01,quota=0.01,seed=1",
    )  # fmt: skip
    serve.add_argument("--quiet", action="store_true", help="do not log each request")
    add_option(serve)
    serve.set_defaults(run=_serve)


def _serve(args: argparse.Namespace) -> int:
    from cvocr_lab.server import Bounds, Keys, make_app, parse_faults, serve

    pairs = _pairs(args.keys)
    path = args.quota_file
    if path is None and args.quota is not None:
        path = _state_folder() / "quota.sqlite"
    keys = Keys(pairs, quota=args.quota, path=path)
    bounds = Bounds(queue=args.queue, time_limit_s=args.time_limit)
    if args.allow_private_urls:
        bounds = replace(bounds, fetch=replace(bounds.fetch, allow_private=True))
    faults = parse_faults(args.faults) if args.faults else None
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    if args.quiet:
        logging.getLogger("cvocr_lab.server.requests").setLevel(logging.WARNING)
    app = make_app(
        args.engine, keys=keys, workers=args.workers, bounds=bounds, faults=faults,
        **dict(args.option),
    )  # fmt: skip
    with contextlib.suppress(KeyboardInterrupt):
        serve(app, host=args.host, port=args.port, grace_s=bounds.grace_s)
    return 0


def _pairs(given: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given:
        key, colon, secret = text.partition(":")
        if not (colon and key and secret):
            raise ArgumentError("--key must be KEY:SECRET")
        pairs[key] = secret
    if pairs:
        return pairs
    key, secret = os.environ.get("CVOCR_API_KEY", ""), os.environ.get("CVOCR_API_SECRET", "")
    if not (key and secret):
        key, secret = secrets.token_urlsafe(9), secrets.token_urlsafe(18)
        complain(f"random pair for this run: api_key {key} api_secret {secret}", 0)
    return {key: secret}


def _state_folder() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    folder = Path(home) / "cvocr-lab"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
