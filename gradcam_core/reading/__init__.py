"""From what somebody hands in to tensors, and where they lie: photographs and texts."""

__all__: list[str] = []
