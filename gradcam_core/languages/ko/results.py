"""Korean: what was found, and what to know about it. Public name: `RESULTS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..numbers import percent
from ..particles import particle

__all__ = ["RESULTS"]


def _near_misses(near: tuple[str, ...], known: tuple[str, ...], more: bool) -> str:
    if near:
        return "혹시 " + ", ".join(map(repr, near)) + "인가요?"
    return "쓸 수 있는 값: " + ", ".join(map(repr, known)) + (", ..." if more else "") + "."


def _mean_of(named: Sequence[str]) -> str:
    return ", ".join(named) + ("의 평균" if len(named) > 1 else "")


def _compared_to(rivals: Sequence[str]) -> str:
    if not rivals:
        return ""
    named = _mean_of(rivals)
    return f"{named}{particle(_bare(named), '과/와')} 비교해 "


def _bare(named: str) -> str:
    """The name, for what stands behind a probability in brackets is said of it."""
    return named.rpartition(" (")[0] or named


def _speaks_for(classes: Sequence[str]) -> str:
    return f"{_mean_of(classes)}의 근거"


def _map(template: str) -> Callable[..., str]:
    """The sentence for a map: `template` with whom the class is compared to, and where the map was made, in words."""

    def said(rivals: Sequence[str], layer: str, rows: int, columns: int, strength: float, **values: str) -> str:
        where = f"{layer} 레이어({columns}×{rows})"
        words = {"where": where, "rather": _compared_to(rivals), "strength": percent(strength)}
        begin = "{model}의 답: {target}. "
        return (begin + template).format(**words, **values)

    return said


def _quoted(words: Sequence[str]) -> str:
    """Words in quotes, with commas between."""
    return ", ".join(f"‘{word}’" for word in words)


def _review(side: str, *, decided: str = "") -> Callable[..., str]:
    """The sentence for a review whose words speak `side`; with `decided` for its answer itself, unless another is."""

    def said(
        answer: str, probability: float, target: str, target_probability: float, other: bool, words: Sequence[str]
    ) -> str:
        spoken = side.format(target=target, of=particle(target, "을/를"))
        text = f"모델의 판정: {answer} ({percent(probability)})."
        if other:
            text += f" 설명하는 클래스: {target} ({percent(target_probability)})."
        if not words:
            return f"{text} {spoken} 단어가 없습니다."
        if decided and not other:
            return f"{text} {_quoted(words)}{particle(words[-1], '이/가')} {decided}."
        return f"{text} 가장 {spoken} 단어는 {_quoted(words)}입니다."

    return said


def _words_left_out(label: str, words: Sequence[str], before: float, after: float, random: float) -> str:
    return (
        f"{_quoted(words)}{particle(words[-1], '을/를')} 빼면 {label}의 확률이 {percent(before)}에서"
        f" {percent(after)}가 됩니다. 무작위로 단어 {len(words)}개를 빼면 {percent(random)}입니다."
    )


def _short(value: float) -> str:
    """Three digits that count, and never a power of ten."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def _grid(rows: int, columns: int, scale: float, signed: bool) -> str:
    count = f"맵 {rows}×{columns}개" if rows > 1 else f"맵 {columns}개"
    ends = f"{f'-{_short(scale)}' if signed else 0} ~ {_short(scale)}"
    return f"{count}, 같은 눈금 {ends}: 로짓의 일부입니다." if scale else f"{count}."


_ALIKE = "{grid} {where} {first}{first:과/와} {second}의 맵은 "
_WEAK = (
    "{where}에서 {method}{method:으로/로} 본 가장 강한 위치도 {other_side} 쪽 가장 강한 위치의 {strength}에 그칩니다."
)
_SEEN = "{where}에서 {method}{method:으로/로} 보았을 때 "
_HIDDEN = (
    "가장 뜨거운 {share:whole}를 가리면 {label}의 확률이 {before:percent}에서 {hottest:percent}로 바뀌고, 무작위로"
    " {share:whole}를 가리면 {random:percent}입니다. "
)
_FORGOTTEN = "네트워크 위쪽 절반의 가중치를 무작위로 바꾸면 맵의 순위 상관은 {correlation:.2f}입니다. "
_WITHOUT = "이 부분이 없으면 {label}의 확률이 {before:percent}에서 {after:percent}로 바뀌"


def _said_of_map(template: str) -> Callable[..., str]:
    """As `_map`, where the particle behind the method's name depends on it."""

    def said(method: str, **values: object) -> str:
        by = template.replace("{method:으로/로}", particle(method, "으로/로"))
        return _map(by)(method=method, **values)

    return said


RESULTS: Mapping[str, str | Callable[..., str]] = {
    "answer.first_word": (
        "이 모델은 답을 한 단어씩 써 나갑니다. 여기서 보여 주고 설명하는 것은 답의 첫 단어 또는 그 앞부분뿐입니다."
    ),
    "answer.other_without": (
        "{model}의 대답: “{answer}” ({probability:percent}). 사진을 보지 않으면 “{blind}”"
        " ({blind_probability:percent})라고 답합니다."
    ),
    "answer.same_without": (
        "{model}의 대답: “{answer}” ({probability:percent}). 사진을 보지 않아도 같은"
        " 대답({blind_probability:percent})이 나오므로, 질문만으로 짐작한 답일 수 있습니다."
    ),
    "caption.given": (
        "“{caption}”에서 {model}{model:이/가} 가장 뜻밖이라고 본 단어는 “{word}”입니다({probability:percent})."
    ),
    "caption.written": ("{model}의 캡션: “{caption}”. 가장 확신이 없는 단어는 “{word}”입니다({probability:percent})."),
    "class.given": "“{label}” {probability:percent}",
    "class.named": "“{label}”",
    "class.sure": "“{label}” ({probability:percent})",
    "grid.at_layer": "{layer} 레이어에서",
    "grid.by_method": "{method}{method:으로/로} 보면",
    "grid.differ": _ALIKE + "서로 다릅니다(순위 상관 {correlation:.2f}).",
    "grid.maps": _grid,
    "grid.nearly_same": _ALIKE + "거의 같습니다(순위 상관 {correlation:.2f}).",
    "hide.fails": _HIDDEN + "다른 위치도 그만큼 중요하니 이 맵을 믿지 마세요.",
    "hide.holds": _HIDDEN + "색칠된 위치가 다른 곳보다 중요합니다. 믿을 만한 맵입니다.",
    "hide.holds_by_little": _HIDDEN + "색칠된 위치가 다른 곳보다 중요하지만 차이는 작습니다. 대체로 믿을 만합니다.",
    "hide.no_change": _HIDDEN + "색칠된 위치를 가려도 맵이 말하는 대로 바뀌지 않으니 이 맵을 믿지 마세요.",
    "map.against": _said_of_map(_SEEN + "{rather}이 클래스에 반하는 위치를 색칠했습니다."),
    "map.all_other_side_against": _said_of_map(
        _SEEN + "{rather}이 클래스에 반하는 위치가 없습니다. 모두 {other_side}입니다."
    ),
    "map.all_other_side_for": _said_of_map(
        _SEEN + "{rather}이 클래스를 지지하는 위치가 없습니다. 모두 {other_side}입니다."
    ),
    "map.any_class": _said_of_map("색칠된 곳은 클래스와 상관없이 {where}가 가장 크게 반응하는 위치입니다({method})."),
    "map.both": _said_of_map(_SEEN + "{rather}이 클래스를 지지하는 위치와 반하는 위치를 서로 다른 색으로 칠했습니다."),
    "map.for": _said_of_map(_SEEN + "{rather}이 클래스를 지지하는 위치를 색칠했습니다."),
    "map.hardly_against": _said_of_map("{rather}이 클래스에 반하는 근거는 거의 없습니다. " + _WEAK),
    "map.hardly_for": _said_of_map("{rather}이 클래스를 지지하는 근거는 거의 없습니다. " + _WEAK),
    "map.nothing_against": _said_of_map(_SEEN + "{rather}이 클래스에 반하는 위치가 없어 색칠할 곳이 없습니다."),
    "map.nothing_for": _said_of_map(_SEEN + "{rather}이 클래스를 지지하는 근거가 없어 색칠할 곳이 없습니다."),
    "near_misses": _near_misses,
    "note.caption_mean": "캡션 전체의 확률은 단어별 확률의 기하 평균입니다.",
    "note.class_by_itself": "이 모델은 클래스마다 따로 판단하므로 확률의 합이 100 %가 아닐 수 있습니다.",
    "note.detail": (
        "세밀하게: 평소보다 가로세로 두 배 큰 입력에서 “{label}”의 확률은 {probability:percent}, 원래 크기에서는"
        " {usual:percent}입니다."
    ),
    "note.first_picture": "이 파일에는 그림이 {count}개 있고, 첫 번째 그림을 보여 줍니다.",
    "note.first_picture_of_more": "이 파일에는 그림이 {count}개 넘게 있고, 첫 번째 그림을 보여 줍니다.",
    "note.no_class": "클래스를 보지 않으므로 어느 클래스든 맵이 같습니다.",
    "note.not_evidence": "근거가 아니라 세부 묘사입니다. 모델이 무엇을 학습했든 거의 똑같이 윤곽선을 그립니다.",
    "note.not_finite": "숫자가 아니거나 무한대인 값이 있어 검정이나 하양으로 보여 줍니다.",
    "note.shades": "이 이미지의 밝기 값 {black:g}{black:을/를} 검정, {white:g}{white:을/를} 하양으로 보여 줍니다.",
    "note.shades_of_colours": (
        "이 이미지는 16비트에 비해 색이 어두워서 "
        "{black:g}{black:을/를} 검정, {white:g}{white:을/를} 하양으로 보여 줍니다."
    ),
    "note.one_run": (
        "네트워크가 사진 한 장에 이 레이어를 여러 번 실행하며, 이 맵은 그중 한 번의 것입니다. 나머지: {others:list}."
    ),
    "note.part_of_input": (
        "모델은 {layer} 레이어에 입력의 일부, 이 사진의 {share:percent}만 보여 줍니다. 나머지는 줄무늬로 표시합니다."
    ),
    "note.rivals_by_size": (
        "크기마다 그 크기에서 확률이 가장 높은 다른 클래스들과 비교했습니다. 이름은 가장 작은 크기에서의 클래스입니다."
    ),
    "note.sharper": "선명하게: 여러 크기로 넣은 사진에서 모두 일치하는 위치만 색칠했습니다.",
    "note.small_part": "모델은 이 사진의 가운데 {share:percent}만 보았습니다. 나머지는 줄무늬로 표시합니다.",
    "note.transparent": "투명한 부분은 흰색 위에 보여 줍니다.",
    "note.weaker": "{side}가 가장 강한 위치도 {other} 쪽 가장 강한 위치의 {strength:percent}입니다.",
    "note.whole": (
        "사진 전체: 전체를 보여 주면 “{label}”의 확률이 {probability:percent}, 학습할 때처럼 가운데만 보여 주면"
        " {usual:percent}입니다."
    ),
    "review.against": _review("{target}에 반하는"),
    "review.cut": "처음 {count}자만 읽었습니다. 나머지는 읽지 않은 것으로 표시합니다.",
    "review.for": _review("{target}{of} 지지하는", decided="결정적이었습니다"),
    "review.no_korean": "한국어 리뷰만 학습한 모델이라 다른 글에 대한 판정은 큰 의미가 없습니다.",
    "review.nothing_known": "모델이 한 번도 본 적 없는 글자뿐이라 판정은 추측입니다.",
    "review.unknown": "모델이 본 적 없는 글자: {chars}",
    "review.words_left_out": _words_left_out,
    "sanity.failed": _FORGOTTEN + "맵이 거의 바뀌지 않으므로 모델이 학습한 것의 근거가 되지 못합니다.",
    "sanity.passed": _FORGOTTEN + "맵은 모델이 학습한 것에 따라 달라집니다.",
    "short.against": "{target}. 색칠한 위치가 이 클래스에 반합니다.",
    "short.any_class": "{target}. 클래스와 상관없이 레이어가 가장 크게 반응하는 위치를 색칠했습니다.",
    "short.both": "{target}. 이 클래스를 지지하는 위치와 반하는 위치를 두 색으로 칠했습니다.",
    "short.for": "{target}. 색칠한 위치가 그 근거입니다.",
    "short.hardly_against": "{target}. 이 클래스에 반하는 근거는 거의 없습니다.",
    "short.hardly_for": "{target}. 이 클래스를 지지하는 근거는 거의 없습니다.",
    "short.nothing_against": "{target}. 이 클래스에 반하는 위치가 없습니다.",
    "short.nothing_for": "{target}. 이 클래스를 지지하는 위치가 없습니다.",
    "short.review_against": "“{target}” {target_probability:percent}. 지지하거나 반대하는 글자가 색칠되어 있습니다.",
    "short.review_for": "“{target}” {target_probability:percent}. 지지하거나 반대하는 글자가 색칠되어 있습니다.",
    "side.against": "“{label}”에 반하는 근거",
    "side.for": _speaks_for,
    "without.other": _WITHOUT + "고, 가장 확률이 높은 클래스는 {top}({top_probability:percent})입니다.",
    "without.strongest": _WITHOUT + "지만, 여전히 가장 확률이 높은 클래스입니다.",
    "words.never_seen": "모델이 학습하지 않은 단어: {words:list}. 모두 모르는 단어로 읽습니다.",
}
