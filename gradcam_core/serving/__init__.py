"""What is offered to others, with a page or without, and what stands between them and it. Knows no web library.

Who computes what for whom, in words: `services`, `running`, `failures`. Whose request is let in and what each may use:
`hosts` (names and addresses), `guard` (the ASGI middleware), `folder` and `room` (uploads), `lanes` (who is computed
for next), `plain_log` (one line stays one line), `options` (values of the command line).
"""

from __future__ import annotations

__all__: list[str] = []
