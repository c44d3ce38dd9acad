"""Korean: what goes wrong with models of the hub and with a page of one's own. Public name: `HOSTING`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HOSTING"]

HOSTING: Mapping[str, str] = {
    "config.choice": "{place}: {value}{value:은/는} 쓸 수 없는 값입니다. {near}",
    "config.example_failed": "`examples` {path!r}{path:을/를} 보여 줄 수 없습니다: {problem}",
    "config.failed": "{place}: {problem}",
    "config.kind": "{place}: {expected}{expected:이/가} 필요한데 {value}입니다.",
    "config.kind_number": "따옴표 없는 숫자",
    "config.kind_numbers": "숫자 세 개의 목록",
    "config.kind_switch": "true 또는 false",
    "config.kind_text": "따옴표로 감싼 텍스트",
    "config.kind_texts": "따옴표로 감싼 텍스트 또는 텍스트 목록",
    "config.model_missing": ("{place}: 이 모델에 `model`이 없습니다. 가중치 파일, 폴더, ID, 이름 중 무엇인지 쓰세요."),
    "config.models_table": "{place}: [[models]] 줄 아래에 표로 써야 합니다.",
    "config.needs_architecture": "`{key}`에는 resnet18이나 timm/resnet18 같은 `architecture`가 함께 있어야 합니다.",
    "config.no_examples": "`examples` {path!r}에 사진이 없습니다({endings}).",
    "config.no_toml": "{name} 파일 오류: {reason}.",
    "config.only_without_models": "`only`는 이름을 준 모델만 제공하는데, 이름을 준 모델이 없습니다. `model`을 쓰세요.",
    "config.option": "옵션 --model {text!r}",
    "config.place": "{name} {line}번째 줄 `{key}`",
    "config.unknown": "{place}: 그런 옵션은 없습니다. {near}",
    "config.not_utf8": "UTF-8 텍스트가 아닙니다",
    "config.unreadable": "`config` {path!r}{path:을/를} 읽을 수 없습니다({reason}). 경로를 확인하세요.",
    "config.value": "{place}: {problem}.",
    "hub.busy": (
        "{name!r}{name:은/는} 이 컴퓨터에 없고, 다른 모델 {count}개를 내려받는 중입니다. 1분 뒤에 다시 시도하거나 바로"
        " 사용할 수 있는 모델을 고르세요."
    ),
    "hub.file_damaged": "{model!r}의 파일 {file!r}{file:을/를} 쓸 수 없습니다({reason}). 다른 모델을 고르세요.",
    "hub.folder_lacks": (
        "{folder!r} 폴더에 {needed}{needed:이/가} 없습니다. `save_pretrained`로 저장한 이미지 분류기의 폴더를 쓰세요."
    ),
    "hub.lacks": "{name!r} 저장소에 {needed}{needed:이/가} 없습니다. 이미지 분류기의 저장소를 고르세요.",
    "hub.network_unfit": "{model!r}{model:을/를} 쓸 수 없습니다: {why}.",
    "hub.no_classifier": (
        "{model!r}의 종류는 {kind!r}{kind:이고/고}, transformers나 timm의 이미지 분류기가 아닙니다. {near}"
    ),
    "hub.no_folder_or_id": (
        "{text!r}{text:은/는} 이 컴퓨터의 폴더도 허브의 ID도 아닙니다. `save_pretrained`로 저장한 경로나"
        " 'google/vit-base-patch16-224' 같은 ID를 쓰세요."
    ),
    "hub.no_room": (
        "내려받는 데 {megabytes:.0f} MB가 필요한데 디스크에 {free:.0f} MB가 남아 있고, 그중 {spare:.0f} MB는 비워"
        " 둡니다. 더 작은 모델을 고르거나 공간을 마련하세요."
    ),
    "hub.no_weight_map": "파일 목록 `weight_map`이 없습니다",
    "hub.no_settings": "너무 크거나 JSON 객체가 아닙니다",
    "hub.pass_too_large": (
        "{model!r}{model:은/는} 사진 한 장에 메모리 {nbytes:,.1f} GB, 연산 {operations:,.0f}십억 회가 필요합니다."
        " 한도는 {most:,.1f} GB, {most_operations:,.0f}십억 회입니다. 더 작은 모델을 고르세요."
    ),
    "hub.revision_unknown": ("{name!r} 저장소에 {revision!r} 리비전이 없습니다. 최신 버전을 쓰려면 리비전을 빼세요."),
    "hub.size_unknown": "{name!r}의 {file!r} 크기를 허브가 알려 주지 않아 내려받지 않습니다.",
    "hub.switched_off": (
        "`model` {name}{name:은/는} Hugging Face 허브의 모델인데 여기서는 꺼져 있습니다. 목록에서 고르세요."
    ),
    "hub.too_large": (
        "{name!r}{name:은/는} {megabytes:,.0f} MB입니다. 모델 하나에 {most:,.0f} MB까지만 내려받습니다. 더 작은 모델을"
        " 고르세요."
    ),
    "hub.unknown": (
        "Hugging Face 허브에 읽을 수 있는 {name!r} 모델이 없습니다. 소유자와 이름의 철자를 확인하세요. 비공개"
        " 모델이라면 운영자가 HF_TOKEN을 설정할 수 있습니다."
    ),
    "hub.unreachable": (
        "{name!r}{name:은/는} 이 컴퓨터에 없고 Hugging Face 허브에도 연결할 수 없습니다({reason}). 연결을"
        " 확인하거나 바로 사용할 수 있는 모델을 고르세요."
    ),
    "hub.why_arguments": "`num_classes`나 `model_args`가 네트워크의 값이 아닙니다",
    "hub.why_failed": "{kind}: {reason}",
    "hub.why_no_package": "transformers 패키지가 필요합니다. 실행: pip install transformers",
    "hub.why_no_processor": "사진을 어떻게 준비하는지 적힌 {file}{file:이/가} 없습니다",
    "hub.why_number": "설정에 {number:g}{number:이라/라}는 숫자가 있는데, 허용되는 최댓값은 {largest:,}입니다",
    "hub.why_other_weights": "{architecture}의 가중치가 아닙니다: {reason}",
    "hub.why_parts": "부분이 {most:,}개보다 많습니다",
    "hub.why_quantised": "양자화된 가중치라 그래디언트가 없습니다",
    "hub.why_untrained": "파일에 가중치 {names:list}{names:이/가} 없습니다. 아직 학습되지 않은 모델입니다",
    "launch.no_picture": (
        "`examples`의 {number}번째는 {kind}입니다. 경로, 폴더, PIL 이미지, (H, W, 3) uint8 배열 중 하나를 쓰세요."
    ),
    "launch.only_without_models": (
        "`only`는 직접 추가한 모델만 제공하는데, 추가한 모델이 없습니다. 먼저 add_model을 부르세요."
    ),
}
