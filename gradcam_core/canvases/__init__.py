"""What maps are drawn on: project, hide, render."""

__all__: list[str] = []
