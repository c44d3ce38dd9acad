"""Runs networks: capture, layers, chunks, devices, memory. Knows no picture, text or method."""

__all__: list[str] = []
