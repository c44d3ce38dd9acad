"""What a network is asked: the choices, and the score of each."""

__all__: list[str] = []
