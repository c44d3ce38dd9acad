"""Maps that look at the same place, and how much such a place looks like a cheat.

    clusters = [replace(one, effect=effect_of(one)) for one in clusters_of(table, labels)]
    worst_first(clusters)[0].sentence

After spectral relevance analysis (Lapuschkin et al. 2019, Nature Communications 10:1096), with three changes: how many
clusters there are is found by their density (HDBSCAN, Campello et al. 2013); photographs whose maps lie on the object
and beside it on a mark are found by that place alone, held against other classes; and what a place is suspected of is
tried, by hiding it and by putting it into photographs of other classes.

Public names: `MOST_TRIED`, `TRIED`, `Cluster`, `Effect`, `clusters_of`, `grouped`, `unusual`, `worst_first`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..languages import Finding, Said
from .measures import centre, evidence, place_of, softened
from .table import Table

__all__ = ["MOST_TRIED", "TRIED", "Cluster", "Effect", "clusters_of", "grouped", "unusual", "worst_first"]

Indices = NDArray[np.intp]
MapArray = NDArray[np.float32]
# numbers that are left of a map: what lies beyond is noise of single maps
COMPONENTS = 10
# fewer photographs are no pattern; of many this part at least
FEWEST, SMALLEST_PART = 5, 0.04
NEIGHBOURS = 4
# a place is WINDOW by WINDOW of the GRID's; more evidence there than one of these parts of other classes' photographs
# have is unusual, whichever of them tells the class best from the others
WINDOW, UNUSUAL = 2, (0.9, 0.95, 0.97, 0.98, 0.99, 1.0)
# two clusters that share so much of their photographs are one
SAME = 0.5
# photographs of one class among which clusters are sought; the others join those that they are like
MOST = 2000
# photographs of other classes that a class is compared with at most, drawn from all: more hardly tell more, and where
# there are many classes each would be compared with nearly the whole folder
MOST_STRANGERS = 2000
TYPICAL = 3
NONE = -1


@dataclass(frozen=True)
class Effect:
    """What hiding a place takes from the probability, on average, in a cluster's photographs and in others, and what
    the place adds in photographs of other classes into which it is put: from the cluster, and from others of the class.

    The last two are None where hiding tells nothing, or where there are no such photographs. `surely` is what is left
    of the smaller of both differences when the chance in which photographs were tried is taken off.
    """

    there: float
    elsewhere: float
    surely: float
    put: float | None = None
    put_from_others: float | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Cluster(Said):
    """Photographs of one class whose maps look at the same place; `members` are their entries in the table, most
    typical first.

    `mean` is their average map, (GRID, GRID) with the sum 1, `spot` what of it others of the class do not have, and
    `place` where most of that lies; `area` is the smallest part that holds half of it, and `apart` how far its centre
    lies from that of the other photographs, in sides of what the network saw. `rare` is how probable it would be that
    so many of the class look there if they did so as often as other classes do: objects, too, stand at the side.
    `accuracy` is None where no truth is known. The place is tried in `own`, some of the members, and held against
    `others`, some that are not; `effect` is None where it was not tried.
    """

    index: int
    label: str
    members: Indices
    among: int
    mean: MapArray
    spot: MapArray
    area: float
    apart: float
    accuracy: float | None
    rare: float
    own: Indices
    others: Indices
    effect: Effect | None = None

    @property
    def place(self) -> str:
        """Where most of the `spot` lies."""
        return place_of(self.spot)

    @property
    def share(self) -> float:
        """The part of the class's photographs that is in it."""
        return len(self.members) / self.among

    @property
    def typical(self) -> Indices:
        """The photographs whose maps are most like the average."""
        return self.members[:TYPICAL]

    @property
    def suspicion(self) -> float:
        """How much it looks like a cheat, from 0 to 1: what its place does more than others' do, if it is small.

        A part of the object costs as much where it is hidden; but put into a photograph of something else it does not
        make that one of its class, as a mark does.
        """
        if self.effect is None or self.rare >= RARE:
            return 0.0
        # a tenth of what may happen by chance is no chance any more
        unlikely = min(float(np.log10(RARE / max(self.rare, RARE / 10))), 1.0)
        smallness = float(np.clip(1 - self.area / LARGE, 0, 1))
        away = float(np.clip(self.apart / FAR, 0, 1))
        return max(self.effect.surely, 0.0) * smallness**0.5 * away * unlikely

    @property
    def suspicious(self) -> bool:
        """Whether somebody should look at it."""
        return self.suspicion >= ALARM

    def record(self, names: Sequence[str]) -> dict[str, Any]:
        """What is known of it, ready for JSON; `names` are those of the table."""
        return {
            "label": self.label,
            "sentence": self.sentence,
            "suspicious": self.suspicious,
            "suspicion": self.suspicion,
            "place": self.place,
            "area": self.area,
            "apart": self.apart,
            "rare": self.rare,
            "among": self.among,
            "accuracy": self.accuracy,
            "effect": self.effect and asdict(self.effect),
            "map": self.mean.tolist(),
            "photographs": [names[one] for one in self.members],
        }

    @property
    def finding(self) -> Finding:
        """How many photographs are decided where, and what hiding that place does."""
        told = {
            "count": len(self.members),
            "among": self.among,
            "label": self.label,
            "place": Finding(PLACE_WORDS[self.place]),
        }
        if self.effect is None:
            return Finding("audit.cluster", **told)
        tried = {"there": self.effect.there, "elsewhere": self.effect.elsewhere, "put": self.effect.put}
        return Finding("audit.cluster_suspicious" if self.suspicious else "audit.cluster_tried", **told, **tried)


PLACE_WORDS = {
    "top_left": "audit.top_left",
    "top": "audit.top",
    "top_right": "audit.top_right",
    "left": "audit.left",
    "middle": "audit.middle",
    "right": "audit.right",
    "bottom_left": "audit.bottom_left",
    "bottom": "audit.bottom",
    "bottom_right": "audit.bottom_right",
}
# a class is one cluster where its maps are so much nearer to their average than those of other classes are
TOGETHER = 0.25
# half of the evidence on so much of the area is nothing small any more, and so many sides apart is far
LARGE, FAR = 0.4, 0.3
# what may happen by chance, of the many places of many classes
RARE = 1e-3
# fewer photographs of other classes say nothing of how often these look there
STRANGERS = 20
# this share of a cluster's members, those nearest to its average, are its core; the others are at its rim
CORE = 0.9
# a cluster is called suspicious from this value on, found with tests.benchmarks.audit
ALARM = 0.07
# how many places are tried at most, and in how many photographs of a cluster and of others
MOST_TRIED, TRIED = 40, 24


def grouped(features: MapArray) -> NDArray[np.intp]:
    """(n,) the number of the cluster of each of n `softened` maps, from 0; -1 for maps that are like no others."""
    count = len(features)
    fewest = max(FEWEST, round(SMALLEST_PART * min(count, MOST)))
    if count < 2 * fewest:
        return np.full(count, NONE)
    from sklearn.cluster import HDBSCAN  # noqa: PLC0415 - takes most of a second, and only audits need it
    from sklearn.decomposition import PCA  # noqa: PLC0415
    from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

    if not np.ptp(features, axis=0).any():
        return np.zeros(count, np.intp)
    kept = np.random.default_rng(0).permutation(count)[:MOST]
    reduce = PCA(min(COMPONENTS, *features[kept].shape), random_state=0).fit(features[kept])
    reduced = reduce.transform(features)
    search = HDBSCAN(fewest, min_samples=NEIGHBOURS, copy=True)
    found = search.fit_predict(reduced[kept])
    if len(kept) < count:
        near = KNeighborsClassifier(NEIGHBOURS).fit(reduced[kept], found)
        return near.predict(reduced).astype(np.intp)
    numbers = np.empty(count, np.intp)
    numbers[kept] = found
    return numbers


def clusters_of(table: Table, labels: Sequence[str]) -> tuple[Cluster, ...]:
    """The clusters of every class, first those whose place should be tried first."""
    found: list[Cluster] = []
    for index in np.unique(table.index):
        own, strangers = np.flatnonzero(table.index == index), _strangers(table, index)
        # a place that all of them share has no others in the class to be told apart from
        together = len(own) >= FEWEST and _are_alike(table, own, strangers)
        numbers = np.zeros(len(own), np.intp) if together else grouped(table.soft[own])
        found += [
            _cluster(table, int(index), labels[index], own, strangers, members, rare)
            for members, rare in _groups(table, own, strangers, numbers)
        ]
    return tuple(sorted(found, key=lambda one: -one.apart * (1 - one.area)))


def worst_first(clusters: Sequence[Cluster]) -> tuple[Cluster, ...]:
    """The most suspicious of them first."""
    return tuple(sorted(clusters, key=lambda one: (-one.suspicion, -len(one.members))))


def _strangers(table: Table, index: int) -> Indices:
    """Photographs of other classes."""
    found = np.flatnonzero(table.index != index)
    return found if len(found) <= MOST_STRANGERS else np.random.default_rng(0).choice(found, MOST_STRANGERS, False)


def _groups(
    table: Table, own: Indices, strangers: Indices, numbers: NDArray[np.intp]
) -> list[tuple[Indices, float | None]]:
    """Photographs of a class that belong together, each group with how rare that is where it is known: those whose maps
    are alike as a whole, by the `numbers` of their clusters, and those with more evidence at one place than others.

    The second finds a mark beside an object, of which each map is for the most part.
    """
    found: list[tuple[Indices, float | None]] = [
        (own[numbers == number], None) for number in range(numbers.max(initial=NONE) + 1)
    ]
    for among, rare in unusual(table.maps[own], table.maps[strangers]):
        members = own[among]
        if all(len(np.intersect1d(members, one)) < SAME * len(np.union1d(members, one)) for one, _ in found):
            found.append((members, rare))
    return found


def unusual(maps: MapArray, others: MapArray) -> list[tuple[Indices, float]]:
    """Which of the (n, GRID, GRID) `maps` have more evidence at a place than `others` have, for each place where that
    happens more often than chance lets it, with how probable so many are by chance; places beside a stronger one are
    left out."""
    if len(others) < STRANGERS or len(maps) < FEWEST:
        return []
    from scipy.stats import binom  # noqa: PLC0415 - comes with scikit-learn

    here, there = (sliding_window_view(one, (WINDOW, WINDOW), (1, 2)).sum((3, 4)) for one in (maps, others))
    # (parts, 1, rows, columns)
    most = np.quantile(there, UNUSUAL, axis=0)[:, None]
    usual = ((there > most).sum(1) + 1) / (len(others) + 2)
    hits = (here > most).sum(1)
    each = np.where(hits < FEWEST, 1, binom.sf(hits - 1, len(maps), usual))
    # the largest part of others that tells them apart: those who have as much are fewest then
    tells = each <= RARE
    best = np.where(tells.any(0), len(each) - 1 - tells[::-1].argmax(0), each.argmin(0))[None]
    most, rare = (np.take_along_axis(one, best, 0)[0] for one in (most[:, 0], each))
    above = here > most
    found: list[tuple[Indices, float]] = []
    while rare.min() <= RARE:
        row, column = map(int, np.unravel_index(int(rare.argmin()), rare.shape))
        found.append((np.flatnonzero(above[:, row, column]), float(rare[row, column])))
        beside = [slice(max(at - WINDOW, 0), at + WINDOW + 1) for at in (row, column)]
        rare[beside[0], beside[1]] = 1
    return found


def _others(own: Indices, strangers: Indices, members: Indices) -> Indices:
    """The photographs of the class that are not among the members; where these are few, those of other classes."""
    others = np.setdiff1d(own, members)
    return others if len(others) >= FEWEST else strangers


def _distance(table: Table, chosen: Indices, mean: MapArray) -> NDArray[np.float32]:
    """How far the `chosen` maps are from an average map."""
    return np.asarray(((table.soft[chosen] - softened(mean[None])) ** 2).sum(1))


def _spot(mean: MapArray, others: MapArray) -> MapArray:
    """What of the average map the average of the others does not have, with the sum 1."""
    more = np.maximum(mean - others, 0)
    return more / more.sum() if more.any() else mean


def _cluster(
    table: Table, index: int, label: str, among: Indices, strangers: Indices, members: Indices, rare: float | None
) -> Cluster:
    mean, others = table.maps[members].mean(0), _others(among, strangers, members)
    elsewhere = table.maps[others].mean(0) if len(others) else None
    spot = mean if elsewhere is None else _spot(mean, elsewhere)
    distance = _distance(table, members, mean)
    if rare is None:
        within = float(np.quantile(distance, CORE))
        rare = _rare(within, _distance(table, among, mean), _distance(table, strangers, mean))
    members = members[np.argsort(distance, kind="stable")]
    apart = 0.0 if elsewhere is None else float(np.hypot(*np.subtract(centre(spot), centre(elsewhere))))
    accuracy, dice = table.accuracy(members), np.random.default_rng(0)
    # these alone are kept: the others of many clusters are many times the folder
    own, beside = (dice.permutation(chosen)[:TRIED] for chosen in (members, others))
    return Cluster(
        index, label, members, len(among), mean, spot, half_area(spot), apart, accuracy, rare, own, beside
    )  # fmt: skip


def _are_alike(table: Table, own: Indices, strangers: Indices) -> bool:
    """Whether the maps of a class are all about the same, and not as those of other classes."""
    if len(strangers) < STRANGERS:
        return False
    mean = table.maps[own].mean(0)
    here, there = (np.median(_distance(table, chosen, mean)) for chosen in (own, strangers))
    return bool(here <= TOGETHER * there)


def _rare(within: float, own: NDArray[np.float32], strangers: NDArray[np.float32]) -> float:
    """`Cluster.rare`, from how far maps of the class and of others are from the average of a cluster, whose core is
    `within`; 0 where there is nobody to compare with."""
    if len(strangers) < STRANGERS:
        return 0.0
    from scipy.stats import binom  # noqa: PLC0415 - comes with scikit-learn

    # as if two more had been seen, one there: what was seen of nobody may still be
    usual = ((strangers <= within).sum() + 1) / (len(strangers) + 2)
    return float(binom.sf((own <= within).sum() - 1, len(own), usual))


def half_area(mean: MapArray) -> float:
    """The smallest part of the area that holds half of the evidence."""
    strongest = np.sort(evidence(mean), axis=None)[::-1]
    return float((np.searchsorted(np.cumsum(strongest), 0.5) + 1) / len(strongest))
