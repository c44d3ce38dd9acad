"""Korean: what stands in the areas below an answer. Public name: `PANELS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..numbers import percent
from ..particles import particle

__all__ = ["PANELS"]


def _classes(classes: tuple[tuple[str, float], ...]) -> str:
    return ", ".join(f"{label} ({value:+.2g})" for label, value in classes) or "없음"


def _place(x: int, y: int, above: tuple[tuple[str, float], ...], below: tuple[tuple[str, float], ...]) -> str:
    return (
        f"x {x}, y {y} 위치가 지지하는 클래스: {_classes(above)}. 반하는 클래스: {_classes(below)}. 숫자는 이"
        f" 위치가 클래스의"
        " 로짓에 더하는 값입니다."
    )


def _compared(target: str, probability: float, faint: int, maps: str, counterfactual: bool) -> str:
    text = f"{maps} 아무것도 가리지 않았을 때 “{target}”{particle(target, '은/는')} {percent(probability)}입니다."
    if faint:
        text += f" 이 눈금에서는 {faint}개가 거의 보이지 않습니다. “모두 같은 눈금으로”를 끄면"
        text += " 맵마다 모양을 볼 수 있습니다."
    return text + (" 클래스에 반하는 근거의 맵입니다." if counterfactual else "")


PANELS: Mapping[str, str | Callable[..., str]] = {
    "brush.pointing": (
        "그림을 누르면 그 위치가 어떤 클래스의 근거인지 보여 줍니다. 그림 위에 칠하면 그 부분이 없을 때의 결과를 볼 수"
        " 있습니다. 키보드로는 화살표 키로 옮긴 뒤 Enter를 누르고, 스페이스 키로 칠합니다."
    ),
    "brush.place": _place,
    "brush.class": "클래스",
    "brush.with": "그대로일 때",
    "brush.without": "칠한 부분이 없을 때",
    "compare.again": "비교하고 맵마다 가려 보기",
    "compare.alike": "첫 번째와 유사도: {value:.2f}",
    "compare.at_random": "무작위로 가림: {share:percent}",
    "compare.button": "비교",
    "compare.by_itself": "{title}. 색은 이 모델의 가장 강한 위치에 맞췄습니다.",
    "compare.chance": "우연 수준",
    "compare.classes_layers": "클래스 × 레이어",
    "compare.classes_methods": "클래스 × 방법",
    "compare.difference": (
        "서로 다른 곳입니다. 색은 가장 큰 차이에 맞춰 늘렸습니다. 주황은 {first}, 파랑은 {second}의 근거가 더 강한"
        " 위치입니다."
    ),
    "compare.explained": (
        "작은 맵들을 같은 눈금으로 보여 줍니다. 값은 사진 전체가 그 위치와 같았다면 클래스의 로짓에 더해졌을 양입니다."
        " 값이 로짓의 일부가 아닌 방법은 따로 눈금을 쓰고 점선 테두리로 표시합니다. 맵을 누르면 위에서 크게 볼 수"
        " 있습니다."
    ),
    "compare.hidden": "20 % 가림: {share:percent}",
    "compare.holds": "믿을 만함",
    "compare.layers": "모든 레이어",
    "compare.methods": "방법",
    "compare.methods_info": "방법이 들어가는 비교에 쓰입니다.",
    "compare.methods_layers": "방법 × 레이어",
    "compare.models": "두 모델",
    "compare.nothing_yet": "아직 비교할 것이 없습니다. 먼저 사진을 고르세요.",
    "compare.other": "다른 모델",
    "compare.other_info": "두 모델을 비교할 때 쓰입니다. torchvision, timm, 내 모델의 이름을 입력할 수 있습니다.",
    "compare.scale": "모두 같은 눈금으로",
    "compare.scale_info": "어느 맵이 더 강한지 보여 줍니다. 끄면 맵마다 모양을 보여 줍니다.",
    "compare.own_scales": "맵 {maps}개, 각각의 눈금으로 표시합니다.",
    "compare.said": _compared,
    "compare.title": "레이어, 방법, 클래스, 모델 비교하기",
    "trust.area": "곡선 아래 면적",
    "trust.area_head": "면적",
    "trust.as_it_was": "원래 사진",
    "trust.behind": "{layer} 뒤쪽",
    "trust.coldest_first": "차가운 곳부터",
    "trust.correlation": "순위 상관",
    "trust.curves": "곡선",
    "trust.curves_said": (
        "사진을 점점 더 가릴 때(삭제)와 점점 더 보여 줄 때(삽입)의 “{label}” 확률입니다. 믿을 만한 맵이라면 실선이"
        " 일찍 떨어지고 일찍 올라갑니다."
    ),
    "trust.deletion": "삭제",
    "trust.deletion_share": "가린 비율",
    "trust.everywhere": "전체",
    "trust.explained": (
        "가장 뜨거운 위치를 흐리게 가린 뒤 모델에 다시 묻고, 무작위 위치를 가렸을 때와 비교합니다. 학습한 것을 잊은"
        " 모델과도 비교합니다. 검사마다 몇 초가 걸립니다."
    ),
    "trust.from_to": "{low:percent}에서 {high:percent}까지",
    "trust.hidden": "가린 비율",
    "trust.hide": "가리고 다시 보기",
    "trust.hottest": "가장 뜨거운 곳",
    "trust.hottest_gone": "가장 뜨거운 {share:whole} 가림",
    "trust.hottest_first": "뜨거운 곳부터",
    "trust.insertion": "삽입",
    "trust.insertion_share": "보인 비율",
    "trust.nothing": "없음",
    "trust.nothing_yet": "아직 검사할 것이 없습니다. 먼저 사진을 고르세요.",
    "trust.order": "순서",
    "trust.others_gone": "다른 곳 {share:whole} 가림",
    "trust.picture": "{title}: 면적 {areas}",
    "trust.probability": "“{label}”의 확률, 가리지 않았을 때 {probability:percent}",
    "trust.random": "무작위",
    "trust.random_first": "무작위 순서",
    "trust.random_mean": "무작위, 평균",
    "trust.random_range": "무작위, 범위",
    "trust.sanity": "무결성 검사",
    "trust.sanity_picture": (
        "오른쪽으로 갈수록 출력 쪽부터 더 많은 가중치를 무작위로 바꿉니다. 이 맵과의 순위 상관은 처음에 {first:.2f},"
        " 마지막에 {last:.2f}입니다. {limit:g}보다 높게 유지되면 거의 바뀌지 않는 맵입니다."
    ),
    "trust.sanity_title": "맵이 얼마나 그대로인가",
    "trust.title": "믿을 만한 맵일까요? 검사하기",
    "trust.weights": "무작위로 바꾼 가중치",
    "verdict.ask": "자동으로 검사하지 않았습니다. 아래 “믿을 만한 맵일까요?”에서 검사할 수 있습니다.",
    "verdict.fails": (
        "믿기 어려움: 이 위치를 가리면 {hottest:percent}, 다른 곳을 그만큼 가리면 {random:percent}입니다."
    ),
    "verdict.holds": ("믿을 만함: 이 위치를 가리면 {hottest:percent}, 다른 곳을 그만큼 가리면 {random:percent}입니다."),
    "verdict.holds_by_little": (
        "믿을 만하지만 차이는 작음: 이 위치를 가리면 {hottest:percent}, 다른 곳을 그만큼 가리면 {random:percent}입니다."
    ),
    "verdict.looking": "믿을 만한 맵인지 검사하는 중 …",
    "verdict.no_change": "믿기 어려움: 이 위치를 가려도 그대로 {hottest:percent}입니다.",
    "verdict.words_ask": "자동으로 검사하지 않았습니다. 아래 버튼으로 가장 강한 단어를 빼 볼 수 있습니다.",
    "verdict.words_fail": (
        "믿기 어려움: 이 단어들을 빼면 {after:percent}, 다른 단어를 그만큼 빼면 {random:percent}입니다."
    ),
    "verdict.words_hold": (
        "믿을 만함: 이 단어들을 빼면 {after:percent}, 다른 단어를 그만큼 빼면 {random:percent}입니다."
    ),
    "verdict.words_hold_by_little": (
        "믿을 만하지만 차이는 작음: 이 단어들을 빼면 {after:percent}, 다른 단어를 그만큼 빼면 {random:percent}입니다."
    ),
    "verdict.words_no_change": "믿기 어려움: 이 단어들을 빼도 그대로 {after:percent}입니다.",
    "verdict.words_too_few": "단어가 하나뿐이면 단어를 빼서 검사할 수 없습니다.",
    "words_check.alone": "그 단어만 남길 때 (작을수록 좋음)",
    "words_check.button": "검사: 가장 강한 단어를 빼 보기",
    "words_check.draws": "무작위, {draws}회",
    "words_check.fall": "단어를 1~50 % 뺐을 때 확률이 떨어진 폭의 평균",
    "words_check.nothing_yet": "아직 검사할 것이 없습니다. 먼저 문장을 입력하세요.",
    "words_check.order": "단어의 순서",
    "words_check.own": "이 순서",
    "words_check.rise": "단어를 1~50 % 뺐을 때 확률이 올라간 폭의 평균",
    "words_check.without": "앞의 단어를 뺄 때 (클수록 좋음)",
}
