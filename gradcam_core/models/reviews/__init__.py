"""The character CNN for Korean film reviews that is trained here."""

__all__: list[str] = []
