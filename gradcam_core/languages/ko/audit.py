"""Korean: the words of an audit of a folder. Public name: `AUDIT`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..numbers import percent

__all__ = ["AUDIT"]


def _cluster(count: int, among: int, label: str, place: str) -> str:
    return f"“{label}” 사진 {among:,}장 가운데 {count:,}장의 근거는 {place}에 있습니다"


def _changed(share: float, *, and_then: bool = False) -> str:
    """What becomes of a probability, at the end of a sentence or before what comes `and_then`."""
    points = round(share * 100)
    if points == 0:
        return "거의 그대로이고" if and_then else "거의 그대로입니다"
    ways = ("줄고", "늘고") if and_then else ("줄어듭니다", "늘어납니다")
    return f"{abs(points)}포인트 {ways[points > 0]}"


def _tried(there: float, elsewhere: float, put: float | None, **told: object) -> str:
    # of two changes of one kind the verb is said once
    same = round(there * 100) * round(elsewhere * 100) > 0
    here = f"{abs(round(there * 100))}포인트" if same else _changed(-there, and_then=True)
    hidden = f"이 사진들에서는 {here}, 다른 사진에서는 {_changed(-elsewhere)}"
    added = "" if put is None else f"“{told['label']}” 확률이 {_changed(put)}."
    moved = added and f" 그곳을 다른 클래스의 사진에 옮겨 넣으면 {added}"
    return f"{_cluster(**told)}. 그곳을 가리면 확률이 {hidden}.{moved}"  # type: ignore[arg-type]


def _suspicious(**told: object) -> str:
    return f"{_tried(**told)} 그곳에 무엇이 있는지 살펴보세요."  # type: ignore[arg-type]


def _left(minutes: float) -> str:
    if minutes < 1:
        return "1분 안에 끝남"
    if minutes < 90:
        return f"약 {round(minutes)}분 남음"
    return f"약 {minutes / 60:.1f}시간 남음"


def _progress(done: int, count: int, minutes: float | None) -> str:
    return f"사진 {count:,}장 중 {done:,}장" + ("" if minutes is None else f", {_left(minutes)}")


def _facts(model: str, view: str, accuracy: float | None, made: str) -> str:
    right = "" if accuracy is None else f" 정답을 아는 사진 가운데 {percent(accuracy)}를 맞혔습니다."
    seen = "각 사진 전체를" if view == "whole" else "학습할 때처럼 각 사진의 가운데를"
    return f"{model} 모델이 {seen} 보았습니다.{right} 만든 때: {made}."


AUDIT: Mapping[str, str | Callable[..., str]] = {
    "archive.damaged": "zip이 아니거나 손상됨",
    "archive.file_too_large": "압축 파일 안의 {name!r}: {limit:.0f}MB보다 큽니다. 더 작게 줄이세요.",
    "archive.has_password": "암호가 걸려 있음",
    "archive.no_photographs": "올린 사진이 없습니다. 사진을 여러 장 고르거나, 사진이 든 폴더를 zip으로 올리세요.",
    "archive.not_among_them": "{name!r}: 지금 올려 둔 사진 가운데 없습니다.",
    "archive.not_read": "압축 파일을 읽을 수 없습니다({reason}). 폴더를 암호 없이 보통 zip으로 압축하세요.",
    "archive.packed_otherwise": "이곳에서 모르는 방식으로 압축됨",
    "archive.too_many": "사진이 {most}장보다 많습니다. 더 적게 올리거나, 자신의 컴퓨터에서 감사를 실행하세요.",
    "archive.too_much": "압축을 풀면 {limit:.0f}MB보다 큽니다. 사진을 더 작게 줄이세요.",
    "archive.two_of_a_name": "{name!r}{name:이/가} 파일이면서 폴더임",
    "audit.bottom": "아래쪽",
    "audit.bottom_left": "왼쪽 아래 모서리",
    "audit.bottom_right": "오른쪽 아래 모서리",
    "audit.cluster": lambda **told: f"{_cluster(**told)}.",
    "audit.cluster_suspicious": _suspicious,
    "audit.cluster_tried": _tried,
    "audit.confusion": (
        "“{truth}” 사진 {among:,}장 가운데 {count:,}장을 “{taken_for}”{taken_for:으로/로} 잘못 보았습니다."
    ),
    "audit.facts": _facts,
    "audit.found": "{worst} (살펴본 사진: {of:,}장 중 {count:,}장)",
    "audit.left": "왼쪽",
    "audit.middle": "가운데",
    "audit.no_classes": (
        "{model}: 클래스와 확률로 답하는 모델이 아니어서 폴더의 답을 서로 비교할 수 없습니다. 분류 모델을 고르세요."
    ),
    "audit.no_folder": "`folder` {folder!r}: 폴더가 아닙니다. 사진이 든 폴더를 적으세요.",
    "audit.no_photographs": "`folder` {folder!r}: 이름이 {suffixes:list} 가운데 하나로 끝나는 사진이 없습니다.",
    "audit.nothing": (
        "사진 {of:,}장 중 {count:,}장을 살펴보았고, 부정행위처럼 보이는 곳은 없습니다. 없다는 증명은 아닙니다. 물체"
        " 위에 있거나 어디에나 있는 것은 자기 자리가 없기 때문입니다."
    ),
    "audit.other_file": (
        "`rows` {file!r}: 이미 있는 파일이고 감사의 행이 아닙니다. 다른 이름을 쓰거나 그 파일을 지우세요."
    ),
    "audit.outlines_not_read": (
        "`outlines` {file!r}: 읽을 수 없습니다({reason}). COCO의 JSON이나, 사진마다 PNG가 든 폴더를 주세요."
    ),
    "audit.page_accuracy": "이 가운데 {share}를 맞혔습니다.",
    "audit.page_all": "모두 다시 보기",
    "audit.page_back": "이전",
    "audit.page_alarm": "부정행위로 보임",
    "audit.page_by_cluster": "묶음별",
    "audit.page_by_right": "맞음과 틀림별",
    "audit.page_class": "클래스",
    "audit.page_clusters": "어디를 보고 정했는가",
    "audit.page_clusters_meaning": (
        "맵이 같은 곳을 보는, 한 클래스의 사진들입니다. 부정행위처럼 보이는 것이 먼저 나옵니다. 다른 사진들이 보는"
        " 곳에서 떨어진 작은 자리이고, 그곳을 가리면 이 사진들에서는 많이, 다른 사진에서는 조금 잃으며, 그곳을 다른"
        " 클래스의 사진에 옮겨 넣으면 이 클래스의 확률이 늘어나는 경우입니다."
    ),
    "audit.page_coloured": "색",
    "audit.page_confusions": "무엇을 무엇으로 잘못 보았는가",
    "audit.page_contrast": "주황은 “{truth}”보다 “{label}” 쪽, 파랑은 그 반대쪽입니다.",
    "audit.page_count": "사진 {of}장 중 {count}장",
    "audit.page_effect": "가장 뜨거운 곳을 가리면 {points}포인트",
    "audit.page_every_class": "모든 클래스",
    "audit.page_maps": "맵",
    "audit.page_mean": "평균 맵",
    "audit.page_more_clusters": "나머지 묶음 {count}개 보기",
    "audit.page_no_clusters": "맵이 같은 곳을 보는 사진이 여러 장 있는 클래스가 없습니다.",
    "audit.page_on": "다음",
    "audit.page_open": "{name}: 사진 탭에서 열기",
    "audit.page_photographs": "사진",
    "audit.page_points": "한 클래스의 모든 맵",
    "audit.page_points_meaning": (
        "점 하나가 사진 한 장입니다. 가까운 점은 맵이 비슷하고, 무리 사이의 거리는 뜻이 없습니다. 사각형을 그리면"
        " 그 안의 사진이 나옵니다."
    ),
    "audit.page_search": "검색",
    "audit.page_show": "보기",
    "audit.page_show_all": "모두 보기",
    "audit.page_show_every": "전부",
    "audit.page_show_right": "맞힌 사진",
    "audit.page_show_these": "이 {count}장 보기",
    "audit.page_show_unread": "답이 없는 사진",
    "audit.page_show_wrong": "틀린 사진",
    "audit.page_sort": "정렬",
    "audit.page_sort_border": "가장자리에 많은 순",
    "audit.page_sort_effect": "가장 뜨거운 20 %를 가릴 때 잃는 순",
    "audit.page_sort_inside": "윤곽 안에 적은 순",
    "audit.page_sort_name": "이름",
    "audit.page_sort_small": "자리가 작은 순",
    "audit.page_sort_unsure": "2위와 가까운 순",
    "audit.page_true_class": "정답: “{label}”",
    "audit.progress": _progress,
    "audit.right": "오른쪽",
    "audit.stopped_kept": (
        "멈췄습니다. 살펴본 것은 `--rows` 옆에 남아 있습니다. 같은 방법으로 다시 시작하면 거기서 이어집니다."
    ),
    "audit.stopped_lost": ("멈췄고 남은 것이 없습니다. `--rows`를 주면 다시 시작할 때 여기서 이어집니다."),
    "audit.tab_anew": "“모두 살펴보기”를 누르면 처음부터 시작합니다.",
    "audit.tab_files": "사진 여러 장, 또는 폴더의 zip",
    "audit.tab_first": (
        "사진을 여러 장 올리거나 zip을 올리세요. zip 안에서는 클래스 이름의 폴더가 정답을 말하고, 한 줄에 파일과"
        " 클래스를 적은 labels.csv도 그렇습니다."
    ),
    "audit.tab_frame": "사진별로 찾은 것",
    "audit.tab_go": "모두 살펴보기",
    "audit.tab_kept": "이 보고서는 만들 때의 언어로 되어 있습니다. 한국어로 보려면 다시 살펴보세요.",
    "audit.tab_last": "마지막 사진들",
    "audit.tab_model": "모델",
    "audit.tab_nothing": "아직 살펴볼 것이 없습니다. 먼저 사진을 올리세요.",
    "audit.tab_report": "모든 사진이 든 보고서(HTML)와 행(Parquet)",
    "audit.tab_stop": "멈추기",
    "audit.tab_stopped": "첫 사진을 보기 전에 멈췄습니다.",
    "audit.tab_stopped_at": "사진 {count}장 중 {done}장을 보고 멈췄습니다. 보고서는 모두 살펴본 뒤에 나옵니다.",
    "audit.tab_title": "폴더",
    "audit.table_not_read": "{file!r}: 읽을 수 없습니다({reason}). 줄마다 파일과 클래스가 있어야 합니다: a.jpg,horse.",
    "audit.title": "“{folder}”에서 무엇이 답을 정하는가?",
    "audit.top": "위쪽",
    "audit.top_left": "왼쪽 위 모서리",
    "audit.top_right": "오른쪽 위 모서리",
    "audit.trying": "사진을 모두 살펴봤습니다. 이제 그 자리를 가려 무엇이 줄어드는지 봅니다: {count}곳 중 {at}번째.",
}
