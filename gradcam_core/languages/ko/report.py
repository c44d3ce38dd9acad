"""Korean: the words of a report. Public name: `REPORT`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["REPORT"]


def _ends(above: str, below: str, signed: bool) -> str:
    return f"주황: {above}, 파랑: {below}; " if signed else f"{above}; "


def _shared(above: str, below: str, signed: bool) -> str:
    return _ends(above, below, signed) + "양쪽을 같은 눈금으로, 점수 단위를 지키는 방법이면 점수의 단위로 표시"


def _stretched(above: str, below: str, signed: bool) -> str:
    return _ends(above, below, signed) + "보이는 값에 맞춰 늘림, 반대쪽이 더 강함"


REPORT: Mapping[str, str | Callable[..., str]] = {
    "report.asked_caption": "캡션: “{text}”",
    "report.asked_question": "질문: “{text}”",
    "report.cells": (
        "맵의 해상도는 레이어의 해상도입니다. 칸 사이의 경계는 부드럽게 그린 것일 뿐, 계산된 값이 아닙니다."
    ),
    "report.checks": "믿을 만한가? 실행한 검사",
    "report.heatmap": "히트맵",
    "report.made": "{date}에 {versions}{versions:으로/로} 만들었습니다.",
    "report.meaning": "이 설명이 뜻하는 것과 뜻하지 않는 것",
    "report.neighbours": "모델은 한 번에 몇 글자씩 함께 봅니다. 그래서 단어의 숫자에는 옆 단어의 영향도 들어 있습니다.",
    "report.no_checks": "검사를 하지 않았습니다.",
    "report.not_right": "답이 옳은지, 다른 사진에서는 모델이 무엇이라고 답할지는 알려 주지 않습니다.",
    "report.not_right_text": "답이 옳은지, 다른 글에서는 모델이 무엇이라고 답할지는 알려 주지 않습니다.",
    "report.not_what": "그 위치의 모양, 색, 질감 가운데 무엇이 중요했는지는 알려 주지 않습니다.",
    "report.not_what_word": "단어의 뜻과 철자 가운데 무엇이 중요했는지는 알려 주지 않습니다.",
    "report.notes": "참고",
    "report.overlay": "오버레이",
    "report.photograph": "사진",
    "report.places": "맵은 모델이 낸 답의 근거가 사진의 어디에 있는지 보여 줍니다.",
    "report.probability": "확률",
    "report.record": "같은 결과를 다시 만들기 위한 기록",
    "report.shared": _shared,
    "report.stretched": _stretched,
    "report.title": "왜 “{label}”일까?",
    "report.top": "확률이 높은 클래스",
    "report.top_answers": "확률이 높은 답",
    "report.top_words": "이 자리에 올 확률이 높은 단어",
    "report.words": (
        "단어의 숫자는 그 단어가 설명하는 점수를 얼마나 올렸는지(+), 내렸는지(−) 보여 줍니다. 글자마다"
        " 매긴 숫자의 평균입니다."
    ),
}
