"""Maps as points in a plane, like maps near each other. Public name: `points_of`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .clusters import COMPONENTS

__all__ = ["points_of"]

# maps of one class for which neighbours are looked for; the others are put between those that they resemble
MOST = 1000
NEIGHBOURS = 3
# fewer have no neighbourhood worth the time
FEW = 20


def points_of(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 2) in [0, 1] for n `softened` maps.

    By t-SNE (van der Maaten and Hinton 2008), which keeps neighbours together; distances between groups mean nothing.
    """
    count = len(features)
    if count < 3 or not np.ptp(features, axis=0).any():
        return np.full((count, 2), 0.5, np.float32)
    from sklearn.decomposition import PCA  # noqa: PLC0415 - takes most of a second, and only reports need it
    from sklearn.manifold import TSNE  # noqa: PLC0415
    from sklearn.neighbors import KNeighborsRegressor  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

    features = PCA(min(COMPONENTS, *features.shape), random_state=0).fit_transform(features)
    if count < FEW:
        return _in_square(features[:, :2])
    kept = np.random.default_rng(0).permutation(count)[:MOST]
    perplexity = min(30.0, len(kept) / 4)
    # its threads wait for each other in every one of hundreds of steps: on a busy machine that takes ten times as long
    with threadpool_limits(1, user_api="openmp"):
        points = TSNE(perplexity=perplexity, init="pca", max_iter=500, random_state=0).fit_transform(features[kept])
    if len(kept) < count:
        near = KNeighborsRegressor(NEIGHBOURS, weights="distance").fit(features[kept], points)
        points = near.predict(features)
    else:
        back = np.empty_like(points)
        back[kept] = points
        points = back
    return _in_square(points)


def _in_square(points: NDArray[np.floating]) -> NDArray[np.float32]:
    low, high = points.min(0), points.max(0)
    return ((points - low) / np.where(high > low, high - low, 1)).astype(np.float32)
