"""Where holders stand, how that changed, and where their words contradict deeds or one another.

Knows how scored statements group by holder, counterpart, side and voice, and when two groups
contradict. Does not know files, tables or plots.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

import numpy as np

from models.axis import Axis
from serve.change_points import ChangePoint, change_points
from serve.narrated_acts import tells_of_an_act
from serve.scored_statements import ScoredRow
from serve.sides import sides_of
from serve.stance_means import StanceMean, difference, stance_mean

Kind = Literal["quotes", "acts", "narration", "reported", "statements"]
KINDS: tuple[Kind, ...] = ("quotes", "acts", "narration", "reported", "statements")
Period = Literal["day", "month", "quarter", "year"]
PERIODS: tuple[Period, ...] = ("day", "month", "quarter", "year")
LEAST_WEIGHT = 0.75


@dataclass(frozen=True, kw_only=True)
class Stand:
    """The stance in one kind of statements of a holder; counterpart '' means towards anyone."""

    holder: str
    counterpart: str
    side: str
    kind: Kind
    mean: StanceMean
    shares: dict[str, float]
    """Of the statements that show a stance, the share of each label."""


@dataclass(frozen=True, kw_only=True)
class PeriodStance:
    start: date
    mean: StanceMean


@dataclass(frozen=True, kw_only=True)
class Series:
    """Stance over time; what others are reported to have said of the holder is not in it."""

    holder: str
    counterpart: str
    side: str
    period: Period
    periods: tuple[PeriodStance, ...]
    changes: tuple[ChangePoint, ...]


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """Two groups on opposite sides of the axis; `low` and `high` bound the difference (95 %).

    Deeds are those of the whole side: its acts are told under many names.
    """

    sort: Literal["words against deeds", "two voices"]
    side: str
    one: Stand
    other: Stand
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """`undated` counts statements whose day is unknown: they are in the stands, not in the series."""

    axis: Axis
    statements: int
    failed: int
    undated: int
    holders_left_out: int
    stands: tuple[Stand, ...]
    series: tuple[Series, ...]
    contradictions: tuple[Contradiction, ...]


def make_timeline(
    rows: Sequence[ScoredRow], axis: Axis, *, failed: int = 0, holders: int = 30, period: Period | None = None
) -> Timeline:
    """Of the `holders` with most statements; the period fits the span of the dates unless given."""
    values = np.array(axis.values)
    sides = sides_of(rows)
    counts = Counter(row.holder for row in rows if row.holder)
    chosen = [holder for holder, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:holders]]
    groups: dict[tuple[str, str, Kind], list[ScoredRow]] = defaultdict(list)
    for row in rows:
        if row.holder in chosen:
            groups[row.holder, "", kind_of(row)].append(row)
            if row.counterpart:
                groups[row.holder, row.counterpart, kind_of(row)].append(row)
    place = {holder: (sides.get(holder, holder), number) for number, holder in enumerate(chosen)}
    order = sorted(groups, key=lambda key: (*place[key[0]], key[1], KINDS.index(key[2])))
    stands = {key: _stand(key, groups[key], sides, axis) for key in order if not _same_as_all(key, groups)}
    days = [row.day for row in rows if row.day]
    return Timeline(
        axis=axis,
        statements=len(rows),
        failed=failed,
        undated=sum(row.day is None for row in rows),
        holders_left_out=len(counts) - len(chosen),
        stands=tuple(stands.values()),
        series=tuple(_all_series(rows, chosen, sides, values, period or _fitting(days))) if days else (),
        contradictions=tuple(_contradictions(groups, sides, axis)),
    )


def kind_of(row: ScoredRow) -> Kind:
    if row.voice == "quote":
        return "quotes"
    if row.voice == "narration":
        return "acts" if tells_of_an_act(row.text) else "narration"
    if row.voice == "behaviour":
        return "acts"
    return "reported" if row.voice == "nested" else "statements"


def _same_as_all(key: tuple[str, str, Kind], groups: dict[tuple[str, str, Kind], list[ScoredRow]]) -> bool:
    """Whether a counterpart is the only one of a holder, so that its row would say the same again."""
    holder, counterpart, kind = key
    return bool(counterpart) and len(groups[key]) == len(groups[holder, "", kind])


def _probabilities(rows: Iterable[ScoredRow]) -> np.ndarray:
    return np.array([row.probabilities for row in rows])


def _stand(key: tuple[str, str, Kind], rows: Sequence[ScoredRow], sides: dict[str, str], axis: Axis) -> Stand:
    found = _probabilities(rows)
    weights = found[:, :-1].sum(axis=0)
    shares = weights / max(float(weights.sum()), 1e-9)
    return Stand(
        holder=key[0],
        counterpart=key[1],
        side=sides.get(key[0], ""),
        kind=key[2],
        mean=stance_mean(found, np.array(axis.values)),
        shares={name: float(share) for name, share in zip(axis.on_axis_names, shares, strict=True)},
    )


def _contradictions(
    groups: dict[tuple[str, str, Kind], list[ScoredRow]], sides: dict[str, str], axis: Axis
) -> Iterable[Contradiction]:
    """Words of each holder against the deeds of its side, then voices of a side against each other."""
    quotes: dict[str, dict[str, list[ScoredRow]]] = defaultdict(dict)
    acts: dict[str, list[ScoredRow]] = defaultdict(list)
    for (holder, counterpart, kind), rows in groups.items():
        side = sides.get(holder, holder)
        if not counterpart and kind == "quotes":
            quotes[side][holder] = rows
        elif not counterpart and kind == "acts":
            acts[side] += rows
    for side, voices in sorted(quotes.items()):
        stands = {holder: _stand((holder, "", "quotes"), rows, sides, axis) for holder, rows in voices.items()}
        deeds = _stand((side, "", "acts"), acts[side], {side: side}, axis) if acts[side] else None
        for holder, rows in voices.items():
            if deeds:
                yield from _opposed("words against deeds", side, stands[holder], deeds, rows, acts[side], axis)
        for (one, of_one), (other, of_other) in combinations(voices.items(), 2):
            yield from _opposed("two voices", side, stands[one], stands[other], of_one, of_other, axis)


def _opposed(
    sort: Literal["words against deeds", "two voices"],
    side: str,
    one: Stand,
    other: Stand,
    of_one: Sequence[ScoredRow],
    of_other: Sequence[ScoredRow],
    axis: Axis,
) -> Iterable[Contradiction]:
    middle = (axis.values[0] + axis.values[-1]) / 2
    if (one.mean.value - middle) * (other.mean.value - middle) >= 0:
        return
    if min(one.mean.weight, other.mean.weight) < LEAST_WEIGHT:
        return
    low, high = difference(_probabilities(of_one), _probabilities(of_other), np.array(axis.values))
    if low > 0 or high < 0:
        yield Contradiction(sort=sort, side=side, one=one, other=other, low=low, high=high)


def _all_series(
    rows: Sequence[ScoredRow], chosen: Sequence[str], sides: dict[str, str], values: np.ndarray, period: Period
) -> Iterable[Series]:
    dated: dict[tuple[str, str], list[tuple[date, ScoredRow]]] = defaultdict(list)
    for row in rows:
        if row.day and row.holder in chosen and kind_of(row) != "reported":
            dated[row.holder, ""].append((row.day, row))
            if row.counterpart:
                dated[row.holder, row.counterpart].append((row.day, row))
    for holder, counterpart in sorted(dated, key=lambda key: (chosen.index(key[0]), key[1])):
        found = dated[holder, counterpart]
        if counterpart and len(found) == len(dated[holder, ""]):
            continue
        by_period: dict[date, list[ScoredRow]] = defaultdict(list)
        for day, row in found:
            by_period[period_start(day, period)].append(row)
        probabilities = _probabilities(row for _, row in found)
        weights = probabilities[:, :-1].sum(axis=1)
        yield Series(
            holder=holder,
            counterpart=counterpart,
            side=sides.get(holder, ""),
            period=period,
            periods=tuple(
                PeriodStance(start=start, mean=stance_mean(_probabilities(by_period[start]), values))
                for start in sorted(by_period)
            ),
            changes=change_points(
                [day for day, _ in found],
                (probabilities[:, :-1] @ values) / np.maximum(weights, 1e-9),
                weights,
            ),
        )


def period_start(day: date, period: Period) -> date:
    if period == "day":
        return day
    if period == "year":
        return date(day.year, 1, 1)
    return date(day.year, day.month if period == "month" else 3 * ((day.month - 1) // 3) + 1, 1)


def _fitting(days: Sequence[date]) -> Period:
    span = (max(days) - min(days)).days
    if span <= 60:
        return "day"
    if span <= 2 * 366:
        return "month"
    return "quarter" if span <= 6 * 366 else "year"
