"""The same endpoints on a cluster: the page is one light process, and what computes are replicas of Ray Serve.

`connecting` begins and ends it; `asking` sends a question to the replica that remembers its photograph, and asks again
where one is lost; `parcel` is what travels; `replica` answers; `far` is what a page holds in the place of an Explainer.
"""

from __future__ import annotations

__all__: list[str] = []
