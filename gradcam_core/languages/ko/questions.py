"""Korean: what was asked: options, classes, methods, places. Public name: `QUESTIONS`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["QUESTIONS"]

QUESTIONS: Mapping[str, str] = {
    "caption.nothing_written": (
        "{model}{model:은/는} 이 사진에 대해 한 단어도 쓰지 않습니다. 직접 쓴 `caption`을 넣으세요."
    ),
    "caption.missing": "`caption`이 비어 있습니다. 캡션을 넣거나 {model}에 써 달라고 하세요.",
    "check.count_too_small": "`{name}` {value!r}{value:은/는} {least} 이상의 정수여야 합니다.",
    "check.nothing_to_hide": ("맵에 색칠된 위치가 없어 가릴 것이 없습니다. 다른 클래스, 레이어, 방법을 고르세요."),
    "check.nothing_to_move": ("맵에 색칠된 위치가 없어 옮길 것이 없습니다. 다른 클래스, 레이어, 방법을 고르세요."),
    "check.of_a_value": (
        "`{model}`{model:은/는} 확률이 아니라 숫자를 내는데, 이 검사는 확률로 판단합니다. 맵을 직접 보거나 무결성"
        " 검사를 하세요."
    ),
    "check.shares_out_of_range": "`{name}` {shares!r}{shares:은/는} 0과 1 사이의 값이 하나 이상이어야 합니다.",
    "class.no_index_or_label": "`{name}` {shown}{shown:은/는} 클래스가 아닙니다. 번호나 라벨을 쓰세요.",
    "class.number_or_label": (
        "`{name}` {text!r}{text:은/는} {title}의 라벨이 아닙니다. 라벨 자체가 숫자인 모델이고, 번호로 보면 {label!r}"
        " 클래스입니다. 라벨을 쓰거나, 번호라면 텍스트가 아닌 정수로 쓰세요."
    ),
    "class.out_of_range": "`{name}` {text}{text:이/가} 범위를 벗어납니다. {title}의 클래스는 0부터 {last}까지입니다.",
    "class.several": ("`{name}` {text!r}{text:이라/라}는 클래스가 여럿입니다. 다음 번호 중 하나를 쓰세요: {found}."),
    "class.unknown": (
        "`{name}` {text!r}{text:은/는} {title}의 클래스가 아닙니다. 0부터 {last}까지의 정수도, 라벨도 아닙니다. {near}"
    ),
    "compare.nothing_to_compare": "{empty:list}에는 하나 이상을 쓰세요. 기본값을 쓰려면 빼세요.",
    "compare.three_sides": (
        "{several:list}에 각각 여러 값이 있습니다. 격자는 두 방향뿐이니 그중 하나는 값을 하나만 쓰세요."
    ),
    "explainer.engine_unknown": (
        "`engine` {engine!r}{engine:을/를} 알 수 없습니다. 다음 중에서 고르세요: {known:list}."
    ),
    "explainer.negative": (
        "`{name}` {value!r}{value:은/는} 음수가 아닌 숫자여야 합니다. 0이면 아무것도 보관하지 않습니다."
    ),
    "head.unknown": "`head` {head!r}{head:을/를} 알 수 없습니다. {near}",
    "hidden.other_shape": "`hidden` 중 하나의 모양은 {hidden_shape}인데 모델 입력과 같은 {expected}여야 합니다.",
    "hiding.unknown": "`hiding` {hiding!r}{hiding:을/를} 알 수 없습니다. 다음 중에서 고르세요: {known:list}.",
    "layers.gradient_says_nothing": (
        "네트워크의 점수는 레이어에 따라 달라지지만 그래디언트로는 알 수 없습니다. 양자화되었거나, 반올림하거나,"
        " 그래디언트를 끄거나, 직접 쓴 훅이나 미분이 역전파에서 실패합니다."
    ),
    "layers.words": "`layer` {layer!r}에는 사진의 위치가 아니라 단어가 들어 있습니다. 다른 레이어를 고르세요.",
    "look.colormap_unknown": (
        "`colormap` {colormap!r}{colormap:을/를} 알 수 없습니다. 다음 중에서 고르세요: {known:list}."
    ),
    "look.out_of_range": "`{name}`{name:은/는} 0과 1 사이여야 하는데 {value!r}입니다.",
    "map.not_finite": (
        "`layer` {layer!r}의 맵이 유한하지 않습니다(NaN 또는 무한대). 다른 레이어나 전체 정밀도를 써 보세요."
    ),
    "maps.other_shape": "`second`의 모양은 {second_shape}인데 {first_shape}여야 합니다. 같은 레이어의 맵을 고르세요.",
    "mask.covers_everything": ("`mask`가 모델이 본 부분을 모두 덮어 판단할 것이 남지 않습니다. 더 적게 칠하세요."),
    "mask.covers_nothing": "`mask`가 모델이 본 부분을 전혀 덮지 않습니다. 줄무늬가 아닌 곳을 칠하세요.",
    "mask.other_shape": "`mask`의 모양은 {mask_shape}인데 사진과 같은 {expected}여야 합니다.",
    "method.looks_at_no_class": (
        "`method` {method_key!r}{method_key:은/는} 클래스를 보지 않으므로, 반하는 근거나 두 클래스의 차이를 보여 줄 수"
        " 없습니다. 'gradcam'을 고르거나 counterfactual, both, rival을 끄세요."
    ),
    "method.needs_gradients": ("{problem} {method}에는 그래디언트가 필요합니다. 필요 없는 방법: {without:list}."),
    "method.unknown": "`method` {method!r}{method:을/를} 알 수 없습니다. {near}",
    "place.one_number": "모델이 숫자 하나만 내므로 위치가 다른 것의 근거가 될 수 없습니다. 맵을 보세요.",
    "place.outside": (
        "`x` {x!r}, `y` {y!r}{y:은/는} 모델이 본 범위(x {columns_start}~{columns_last}, y {rows_start}~{rows_last})"
        " 밖입니다. 줄무늬가 아닌 곳을 고르세요."
    ),
    "place.whole_caption": "위치는 단어 하나하나의 근거입니다. 먼저 캡션에서 단어를 고르세요.",
    "question.missing": "`question`이 비어 있습니다. 사진에 대해 {model}에 영어로 질문하세요.",
    "request.not_several": "`{name}`에는 여러 값을 줄 수 있는데 {shown} 하나만 있습니다. 목록으로 주세요: [{shown}].",
    "request.language_unknown": (
        "`{name}` {shown}{shown:은/는} 지원하지 않는 언어입니다. 다음 중에서 고르세요: {known:list}."
    ),
    "request.not_a_method": "`{name}` {shown}{shown:은/는} 방법의 키가 아닙니다. 'gradcam'처럼 텍스트로 쓰세요.",
    "request.not_a_model": "`{name}` {shown}{shown:은/는} 모델이 아닙니다. 이름을 텍스트로 쓰거나 'auto'를 쓰세요.",
    "request.not_a_module": (
        "`{name}` {shown}{shown:은/는} 모델의 모듈이 아닙니다. 이름을 텍스트로 쓰거나 'auto'를 쓰세요."
    ),
    "request.not_a_switch": "`{name}` {shown}{shown:은/는} 켬도 끔도 아닙니다. true나 false를 쓰세요.",
    "request.not_a_text": "`{name}` {shown}{shown:은/는} 텍스트가 아닙니다. 영어로 몇 단어를 입력하세요.",
    "request.not_a_word": ("`{name}` {shown}{shown:은/는} 단어가 아닙니다. 0부터 센 위치나 단어 자체를 쓰세요."),
    "request.unknown_option": "`{name}`{name:이라/라}는 옵션은 없습니다. {near}",
    "request.view_unknown": "`{name}` {shown}{shown:을/를} 알 수 없습니다. 다음 중에서 고르세요: {known:list}.",
    "rival.no_other_class": "`rival` {rival!r}{rival:은/는} 쓸 수 없습니다. {title}에는 클래스가 하나뿐입니다.",
    "rival.same_class": (
        "`rival` {rival!r}{rival:은/는} 설명하는 클래스와 같아서 보여 줄 차이가 없습니다. 다른 클래스를 고르거나,"
        " 확률이 가장 높은 클래스를 쓰려면 {auto!r}{auto:을/를} 쓰세요."
    ),
    "stage.view_unknown": "`view` {view!r}{view:을/를} 알 수 없습니다. 다음 중에서 고르세요: {known:list}.",
    "strokes.empty": "`strokes`가 비어 있어 가릴 것이 없습니다. 먼저 사진의 일부를 칠하세요.",
    "strokes.no_stroke": (
        '`strokes`에 획이 아닌 {stroke}{stroke:이/가} 있습니다. 사진의 픽셀 단위로 {{"points": [[x, y], ...],'
        ' "radius": r}}처럼 쓰세요.'
    ),
    "strokes.too_many": (
        "`strokes`에 획이 {strokes_count}개 있습니다. {most_strokes}개까지만 그립니다. 더 적은 획으로 칠하세요."
    ),
    "strokes.too_many_points": (
        "`strokes`에 점이 {count}개 있습니다. {most_points}개까지만 그립니다. 더 적은 점으로 칠하세요."
    ),
    "word.not_there": "`word` {word!r}{word:은/는} 캡션에 없습니다. 캡션의 단어: {words:list}.",
    "word.out_of_range": "`word` {word!r}{word:이/가} 범위를 벗어납니다. 캡션의 단어는 0부터 {last}까지입니다.",
    "word.several_times": (
        "`word` {word!r}{word:이/가} 캡션에 여러 번 나옵니다(위치 {places:list}). 그중 하나를 쓰세요."
    ),
}
