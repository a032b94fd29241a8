"""Synthetic pictures: papers of invented persons and vehicles, with the exact truth."""

from __future__ import annotations

from cvocr_lab.synth.generate import (
    TIERS,
    Sample,
    Tier,
    Truth,
    generate,
    generate_folder,
    generate_many,
    generate_pair,
    write_labels,
    write_pdf,
)

__all__ = [
    "TIERS", "Sample", "Tier", "Truth", "generate", "generate_folder", "generate_many",
    "generate_pair", "write_labels", "write_pdf",
]  # fmt: skip
