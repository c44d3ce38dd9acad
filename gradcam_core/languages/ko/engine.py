"""Korean: running networks. Public name: `ENGINE`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ["ENGINE"]


def _not_finite(layer: str | None) -> str:
    where = "" if layer is None else f" 그런 값이 처음 나오는 레이어는 {layer!r}입니다."
    return (
        f"모델의 클래스 점수가 유한하지 않아(NaN 또는 무한대) 설명할 수 없습니다.{where} 전체 정밀도(float32)를 써"
        f" 보거나"
        " 가중치를 확인하세요."
    )


ENGINE: Mapping[str, str | Callable[..., str]] = {
    "cache.negative_size": "`max_bytes`는 음수일 수 없는데 {max_bytes!r}입니다. 0이면 캐시를 끕니다.",
    "device.no_such_number": "`device` {name!r}{name:은/는} 없습니다. CUDA 장치는 {device_count}개입니다.",
    "device.not_here": "`device` {name!r}{name:은/는} 이 컴퓨터에서 쓸 수 없습니다. 'auto'나 'cpu'를 쓰세요.",
    "device.not_supported": "`device` {name!r}{name:은/는} 지원하지 않습니다. 다음 중에서 고르세요: {known:list}.",
    "device.unknown": "`device` {name!r}{name:을/를} 알 수 없습니다. 다음 중에서 고르세요: {known:list}.",
    "engine.cannot_be_handed_over": "다른 프로세스로 넘길 수 없습니다({first_line}).",
    "engine.classes_differ": "가장 확률이 높은 클래스가 그래프의 결과와 다릅니다.",
    "engine.converting_too_slow": "추적과 변환에 {seconds:.0f}초가 넘게 걸립니다.",
    "engine.failed": "{error}",
    "engine.gradient_differs": "{layer!r} 레이어의 그래디언트가 그래프의 결과와 다릅니다.",
    "engine.gradient_unknown": "그래디언트에 {operation} 연산이 필요한데, 여기서는 알 수 없는 종류입니다.",
    "engine.hook_on_all_modules": "모든 모듈에 걸린 훅이 있어, 변환하면 더는 불리지 않습니다.",
    "engine.hook_on_module": "{name!r} 모듈에 걸린 훅이 있어, 변환하면 더는 불리지 않습니다.",
    "engine.layer_differs": "{layer!r} 레이어의 출력이 그래프의 결과와 다릅니다.",
    "engine.layer_left_out": "그래프에서는 점수가 {absent!r} 레이어에 좌우되지 않습니다.",
    "engine.no_gradient": "점수가 그래디언트로 레이어와 이어진 텐서가 아닙니다.",
    "engine.no_memory": "변환할 메모리가 없습니다. 남은 메모리는 {free:.1f} GB입니다.",
    "engine.no_python_program": "Python 실행 파일을 찾을 수 없어 다른 프로세스를 시작하지 못합니다.",
    "engine.no_single_operation": "{target}{target:이/가} 필요한데, 단일 연산이 아닙니다.",
    "engine.not_asked": "다른 엔진을 요청하지 않았거나, 이 장치를 아는 엔진이 없습니다.",
    "engine.not_loaded": "OpenVINO를 불러올 수 없습니다({error})",
    "engine.part_not_written": "기록할 수 없는 자체 부분 {target!r}{target:이/가} 있습니다.",
    "engine.process_failed": "추적하고 변환하는 프로세스가 {returncode} 코드로 끝났습니다({words}).",
    "engine.processor_unknown": "OpenVINO가 모르는 프로세서입니다",
    "engine.random_scores": "실행할 때마다 점수가 다릅니다.",
    "engine.reads_values": "코드가 사진에 따라 달라지는 수를 읽으므로, 다른 사진에서는 다르게 계산할 수 있습니다.",
    "engine.scores_differ": "점수가 그래프의 결과와 다릅니다.",
    "engine.stopped": "끝나기 전에 중지되었습니다.",
    "engine.trying_too_slow": "시험해 보는 데 {seconds:.0f}초가 넘게 걸립니다.",
    "engine.undecided": "아직 정해지지 않았습니다.",
    "engine.value_differs": "레이어 사이의 값 {name!r}{name:이/가} 그래프의 결과와 다릅니다.",
    "engine.value_not_written": "{value}({kind})을 쓰는 연산이 필요한데, 기록할 수 없습니다.",
    "engine.weights_too_large": "가중치가 {held:.1f} GB로, 다른 작업과 함께 변환할 수 있는 크기를 넘습니다.",
    "engine.writes_other_type": "{held_dtype} 텐서에 {written_dtype} 값을 덮어씁니다.",
    "engine.writes_to_itself": "실행하면서 {written!r}에 값을 쓰므로 실행할 때마다 결과가 다릅니다.",
    "layer.gradient_fails": (
        "`layer` {layer!r}의 그래디언트를 계산할 수 없습니다: {error_type} ({first_line}). 네트워크가 활성값"
        " 체크포인팅을 쓴다면 끄세요. 학습할 때만 메모리를 아껴 줍니다."
    ),
    "layer.no_influence": "`layer` {layer!r}{layer:은/는} 점수에 영향을 주지 않습니다. 주된 경로의 레이어를 고르세요.",
    "layer.no_places": (
        "`layer` {name!r}에는 공간 위치가 없어(출력 {shape}) 그릴 맵이 없습니다. 전역 풀링 앞의 레이어를 고르세요."
    ),
    "layer.follows_no_place": (
        "{title}의 `layer` {layer!r}{layer:은/는} 칸이 사진의 위치를 따르지 않아 맵을 제자리에 그릴 수 없습니다. 다른"
        " 레이어를 고르세요."
    ),
    "layer.not_captured": "`layer` {layer!r}{layer:은/는} 저장되지 않았습니다. 저장된 레이어: {captured:list}.",
    "layer.not_run": "`layer` {name!r}{name:은/는} 순전파에 쓰이지 않습니다. 다른 레이어를 고르세요.",
    "layer.follows_no_place_here": (
        "{title}{title:은/는} 보이는 것에 따라 볼 곳을 스스로 정하며 이 사진은 휘거나 섞습니다. `layer`"
        " {layer!r}의 칸이 사진의 위치를 따르지 않아 맵을 제자리에 그릴 수 없으니 다른 레이어나 사진을 고르세요."
    ),
    "layers.follow_no_place": (
        "{name}에는 칸이 사진의 위치를 따르는 레이어가 없습니다. 입력을 휘거나 섞거나 나름의 순서로 다루므로 맵을"
        " 제자리에 그릴 수 없습니다."
    ),
    "layers.inference_mode": (
        "{name}{name:이/가} torch.inference_mode로 실행되어 설명할 수 없습니다. forward 안의 inference_mode 대신"
        " 호출하는 곳에서 torch.no_grad를 쓰세요."
    ),
    "layers.no_gradient": (
        "{name}의 점수가 어느 레이어에도 달려 있지 않습니다. 레이어가 무엇을 내든 점수가 같습니다. 끝에 아무것도"
        " 통과시키지 않는 ReLU가 있거나, detach하거나, 반올림하거나, 하나만 고르지 않나요?"
    ),
    "layers.none_called": (
        "{name}{name:은/는} 모듈을 하나도 부르지 않고 함수만으로 계산하므로 들여다볼 레이어가 없습니다. 맵을 만드는"
        " 곳을 nn.Conv2d 같은 모듈에 넣거나 nn.Identity를 거치게 하세요. 내보낸 프로그램이라면 원래의 모듈을 넣으세요."
    ),
    "layers.none_with_places": (
        "{name}에는 위치를 보여 주는 레이어가 없습니다. {size} 입력에 대해 특징 맵(합성곱)이나 토큰"
        " 격자(트랜스포머)를 내는 모듈이 없어 그릴 맵이 없습니다."
    ),
    "layers.of_volumes": (
        "{name}{name:은/는} 입체 데이터(3차원 합성곱)를 위한 모델이라 쓸 수 없습니다. 이미지 한 장의 맵만 보여"
        " 줍니다. 2차원 합성곱 네트워크나 단면 하나를 보는 네트워크를 쓰세요."
    ),
    "layers.several_pictures": (
        "{name}{name:은/는} 받은 사진 한 장으로 {count}장(자르기, 뒤집기, 조각)을 만들어 한꺼번에 보므로 사진의 맵이"
        " 없습니다. 사진을 여러 장으로 늘리는 부분을 빼고 한 장을 보는 네트워크를 추가하세요."
    ),
    "layers.transformed": (
        "{name}{name:은/는} vmap 같은 torch.func 변환 안에서 레이어를 실행하므로 들여다볼 수 없습니다. 이미지 묶음에"
        " 바로 레이어를 부르세요."
    ),
    "memory.none_left": (
        "보관하던 것을 모두 비워도 장치의 메모리가 모자랍니다. 더 작은 모델이나 더 깊은 레이어를 고르거나"
        " device='cpu'로 시작하세요."
    ),
    "memory.one_input_too_large": (
        "입력을 하나씩 넣어도 메모리가 모자랍니다. 더 작은 모델이나 더 깊은 레이어를 고르세요."
    ),
    "method.needs_relu": (
        "`method` 'guided_backprop'과 'guided_gradcam'에는 ReLU가 있는 네트워크가 필요한데, 이 네트워크에는 없습니다."
        " 'gradcam'을 고르세요."
    ),
    "passes.stopped": "요청에 따라 {count}단계 중 {done}단계에서 중지했습니다. 다시 요청하면 처음부터 합니다.",
    "score.ruled_out": (
        "{title}{title:은/는} 클래스 {label!r}{label:을/를} 아예 제외합니다. 입력과 상관없이 점수가 음의 무한대라"
        " 설명할 근거가 없습니다. 다른 클래스를 고르세요."
    ),
    "score.step_out_of_range": "`step` {step!r}{step:이/가} 범위를 벗어납니다. 출력에는 0부터 {steps}까지 있습니다.",
    "score.target_out_of_range": (
        "`target` {index!r}{index:이/가} 범위를 벗어납니다. 모델의 클래스는 0부터 {classes}까지입니다."
    ),
    "scores.not_as_many_as_labels": (
        "{model_title}의 클래스 점수는 {probabilities_count}개인데 라벨은 {labels_count}개입니다."
    ),
    "scores.not_finite": _not_finite,
    "scores.wrong_shape": "모델은 (1, 클래스 수) 모양의 점수를 내야 하는데 {found}{found:을/를} 냈습니다.",
    "scores.wrong_shape_again": "모델이 입력 {changed_count}개에 대해 {logits_shape} 모양의 점수를 냈습니다.",
}
