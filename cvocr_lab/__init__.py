"""Measure, review and clean OCR of Vietnamese identity papers and vehicle registrations."""

__version__ = "0.1.0"
