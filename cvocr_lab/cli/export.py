"""``cvocr-lab export`` and ``import``: flat frames to and from the formats of other tools."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final, Literal

from cvocr_lab import exchange, frames
from cvocr_lab.cli._shared import Commands, printed_warnings
from cvocr_lab.errors import ArgumentError

_FORMATS: Final = ("label-studio", "paddle", "image-folder", "excel", "parquet", "csv")


def add(commands: Commands) -> None:
    """Add the commands."""
    export = commands.add_parser("export", help="write a table for another tool")
    export.add_argument("read", type=Path, metavar="READ", help="table that extract wrote")
    export.add_argument("--to", choices=_FORMATS, required=True)
    export.add_argument("--out", type=Path, required=True, help="file; image-folder: folder")
    export.add_argument("--base", type=Path, metavar="DIR", help="folder of relative paths")
    export.add_argument(
        "--moved", nargs=2, metavar=("OLD", "NEW"),
        help="the pictures were moved from folder OLD to folder NEW",
    )  # fmt: skip
    export.add_argument("--bare", action="store_true", help="names of pictures without folders")
    export.add_argument("--root", help="label-studio, paddle: prefix added to the paths")
    export.add_argument("--crops", action="store_true", help="excel: with crops of the fields")
    export.add_argument("--link", action="store_true", help="image-folder: link, do not copy")
    export.add_argument(
        "--person", action="store_true", help="label-studio: as annotations, not predictions"
    )
    export.set_defaults(run=_export)
    import_ = commands.add_parser("import", help="read the file of another tool into a table")
    import_.add_argument("file", type=Path, metavar="FILE", help="file; image-folder: folder")
    import_.add_argument("--from", choices=_FORMATS, required=True, dest="source")
    import_.add_argument("--out", type=Path, required=True, metavar="FILE", help=".csv or .parquet")
    import_.add_argument("--root", help="label-studio, paddle: prefix removed from the paths")
    import_.add_argument(
        "--outside", action="store_true", help="allow pictures outside the folder of the file"
    )
    import_.set_defaults(run=_import)


def _export(args: argparse.Namespace) -> int:
    frame = frames.read_frame(args.read)
    if args.base:
        frame = frames.relocate(frame, "", args.base)
    if args.moved:
        frame = frames.relocate(frame, *args.moved)
    with printed_warnings(exchange.LeftOutWarning):
        match args.to:
            case "label-studio":
                exchange.to_label_studio(
                    frame, args.out, made_by="person" if args.person else None,
                    folders=not args.bare, root=args.root,
                )  # fmt: skip
                print(exchange.label_studio_config(frame))
            case "paddle":
                exchange.to_paddle(frame, args.out, folders=not args.bare, prefix=args.root or "")
            case "image-folder":
                pictures: Literal["link", "copy"] = "link" if args.link else "copy"
                exchange.to_image_folder(frame, args.out, pictures=pictures)
            case "excel":
                exchange.to_excel(
                    frame, args.out, crops=args.crops, folders=not args.bare, quads=True
                )
            case _:
                if args.out.suffix.lower() != f".{args.to}":
                    ending = f"--to {args.to} needs a file name that ends in .{args.to}"
                    raise ArgumentError(f"{ending}, not {args.out.name!r}")
                frames.write_frame(frame, args.out)
    return 0


def _import(args: argparse.Namespace) -> int:
    with printed_warnings(exchange.LeftOutWarning):
        match args.source:
            case "label-studio":
                frame = exchange.from_label_studio(args.file, root=args.root, outside=args.outside)
            case "paddle":
                frame = exchange.from_paddle(
                    args.file, prefix=args.root or "", outside=args.outside
                )
            case "image-folder":
                frame = exchange.from_image_folder(args.file, outside=args.outside)
            case "excel":
                frame = exchange.from_excel(args.file)
            case _:
                frame = frames.read_frame(args.file)
    frames.write_frame(frame, args.out)
    return 0
