"""Korean: photographs, texts and files that somebody hands in. Public name: `READING`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["READING"]

READING: Mapping[str, str] = {
    "container.late_picture": "그림 앞에 부분이 {parts}개보다 많습니다",
    "container.long_runs": "{megabytes} MB가 넘는 런 길이 압축 BMP입니다",
    "container.many_notes": "메모가 {notes}개 있습니다",
    "container.many_parts": "부분이 {parts}개보다 많습니다",
    "container.many_pieces": "그림이 {pieces}조각으로 나뉘어 있습니다",
    "container.many_scans": "그림을 {scans}번 넘게 나누어 그립니다",
    "container.overlapping_notes": "메모가 서로 겹칩니다",
    "container.progressive_jpeg": (
        "프로그레시브 JPEG이고 {width} x {height} 픽셀, 색 {components}개입니다. 한도는 {megapixels}메가픽셀입니다."
        " 크기를 줄이거나 보통 JPEG로 다시 저장하세요."
    ),
    "container.thousands_of_parts": "부분이 수천 개입니다",
    "container.too_slow": "읽는 데 너무 오래 걸리는 구조의 파일입니다: {what}. 열어서 다시 저장하세요.",
    "kind.avif": "AVIF 이미지입니다. JPEG나 PNG로 저장하세요",
    "kind.heic": "HEIC 사진입니다. JPEG로 내보내세요(휴대전화에서는 공유할 때 ‘높은 호환성’)",
    "kind.pdf": "PDF 문서입니다. 페이지를 PNG나 JPEG로 저장하세요",
    "kind.svg": "픽셀이 없는 SVG 그림입니다. PNG로 내보내세요",
    "kind.text": "이미지가 아니라 텍스트입니다",
    "kind.web_page": "이미지가 아니라 웹 페이지입니다. 열어서 그림 자체를 저장하세요",
    "method.unknown_for_text": "텍스트에는 `method` {method!r}{method:이/가} 없습니다. {near}",
    "photograph.address": (
        "`image`가 주소({scheme}:...)입니다. 주소에서 받아 오지 않으니 파일을 내려받아 경로나 내용(bytes)을 넣으세요."
    ),
    "photograph.damaged": "이미지가 잘렸거나 손상되었습니다({reason}). 다시 저장하거나 내려받으세요.",
    "photograph.empty_file": "파일이 비어 있습니다(0바이트). 다시 저장하거나 내려받으세요.",
    "photograph.missing": "이미지가 없습니다. 사진을 고르거나, 찍거나, 예시를 고르세요.",
    "photograph.no_pixel": "이미지가 {width} x {height} 픽셀입니다. 적어도 한 픽셀은 있어야 합니다.",
    "photograph.not_an_image": (
        "여기서 읽을 수 있는 이미지가 아닙니다. JPEG, PNG, WebP, GIF, BMP, TIFF 파일을 읽을 수 있습니다."
    ),
    "photograph.not_readable": "파일 {file!r}{file:을/를} 읽을 수 없습니다: {reason}.",
    "photograph.other_array": (
        "`image`가 모양 {shape}, 형식 {dtype}인 배열입니다. 검정 0부터 255까지, RGB 순서의 (높이, 너비, 3) uint8이어야"
        " 합니다. {remedy}"
    ),
    "photograph.other_array_made": "이렇게 만들 수 있습니다: {code}",
    "photograph.other_array_unknown": "값과 축을 먼저 그렇게 맞추세요.",
    "photograph.other_kind": "{kind}. JPEG, PNG, WebP, GIF, BMP, TIFF 파일을 읽을 수 있습니다.",
    "photograph.other_type": (
        "`image`의 형식이 {kind!r}입니다. 경로, bytes, PIL 이미지, (높이, 너비, 3) 배열 중 하나여야 합니다."
    ),
    "photograph.other_type_made": (
        "`image`의 형식이 {kind!r}입니다. 경로, bytes, PIL 이미지, RGB 순서의 (높이, 너비, 3) uint8 배열 중 하나여야"
        " 합니다. 이렇게 만들 수 있습니다: {code}"
    ),
    "photograph.side_too_long": (
        "이미지가 {width} x {height} 픽셀입니다. 한 변은 {max_side}까지입니다. 일부를 잘라 다시 시도하세요."
    ),
    "photograph.tiff": (
        "TIFF의 밴드 {bands}개, {bits}비트, {numbers} 숫자, {order} 엔디언은 읽을 수 없습니다. 보여 줄 부분을 골라"
        " PNG로, 또는 8비트나 16비트 밴드 1, 3, 4개인 TIFF로 저장하세요."
    ),
    "photograph.too_large": (
        "이미지가 {width} x {height} 픽셀로 한도인 {megapixels}메가픽셀을 넘습니다. 크기를 줄여 다시 시도하세요."
    ),
    "photograph.too_many_pixels": ("이미지가 한도인 {megapixels}메가픽셀을 넘습니다. 크기를 줄여 다시 시도하세요."),
    "preprocessing.not_positive": "`{name}` {value!r}{value:은/는} 양의 정수(픽셀 수)여야 합니다.",
    "text.empty": "텍스트가 비어 있습니다. 한국어 영화 리뷰처럼 문장을 입력하세요.",
    "text.no_text": "`text`는 문자열이어야 하는데 {kind}입니다. 문장을 입력하세요.",
    "text.no_unicode": "텍스트의 {position}번째 글자가 올바른 유니코드가 아닙니다. 다시 입력하거나 붙여 넣으세요.",
    "transform.bends": (
        "`transform`이 그림을 돌리거나 휘거나 반복하거나, 배율과 더하기를 넘어 밝기를 바꾸므로 맵을 제자리에 그릴 수"
        " 없습니다. 크기 조절, 자르기, 색으로 채우기만 하는 것을 쓰세요."
    ),
    "transform.fails": (
        "`transform`이 {width} x {height} 픽셀 그림에서 실패합니다: {error_type} ({text}). RGB PIL 이미지를 받으며,"
        " 그것을 받지 못하면 (H, W, 3) uint8 배열을 받습니다."
    ),
    "transform.ignores_picture": (
        "`transform`이 검은 그림과 흰 그림을 똑같이 만들어 어디를 보는지 알 수 없습니다. 그림마다 밝기를 맞추나요?"
        " 고정된 숫자로 조절하는 것을 쓰세요."
    ),
    "transform.leaves_too_little": "`transform`이 그림을 너무 조금만 남겨 어디를 보는지 알 수 없습니다.",
    "transform.mirrors": "`transform`이 그림을 뒤집습니다. 크기 조절, 자르기, 채우기만 하는 것을 쓰세요.",
    "transform.no_tensor": "`transform`은 (채널, 높이, 너비) 텐서를 내야 하는데 {what}{what:을/를} 냈습니다.",
    "transform.not_callable": (
        "`transform` {transform!r}{transform:은/는} 호출할 수 없습니다. 이미지를 텐서로 만드는 함수를 쓰세요."
    ),
    "transform.picture_too_small": (
        "이미지가 {width} x {height} 픽셀로, 모델의 transform이 어디를 보는지 알아내기에 너무 작습니다. 한 변이"
        " {smallest} 픽셀이면 충분합니다."
    ),
    "transform.random": (
        "`transform`이 무작위라 같은 그림도 다르게 나옵니다. 무작위 자르기, 뒤집기, 색 변화가 없는 평가용을 쓰세요."
    ),
    "transform.reduced_picture": (
        "{size!r} 그림 자리에 {width} x {height} 픽셀 그림을 받았습니다. 픽셀을 모두 주세요."
    ),
    "uploads.no_base64": "data: 주소에 base64가 없습니다. base64로 인코딩하거나 먼저 업로드하세요.",
    "uploads.not_here": (
        "이 서버에 그런 업로드가 없습니다. 올린 적이 없거나 이미 삭제되었습니다. 파일을 다시 고르세요."
        " 프로그램이라면 먼저 업로드한 뒤 그 답으로 받은 경로를 쓰세요."
    ),
    "uploads.the_file": "파일",
    "uploads.the_photograph": "사진 파일",
    "uploads.too_large": "{what}{what:이/가} {limit:g} MB보다 큽니다. 크기를 줄여 주세요.",
    "words.no_spaces": (
        "단어를 빼 보려면 단어가 두 개 이상 있어야 하고, 단어는 띄어쓰기로 나눕니다. 이 텍스트는 {count}자인데"
        " 띄어쓰기가 없습니다. 단어 사이를 띄어 쓰세요."
    ),
    "words.none": "`{name}` {text!r}에 단어가 없습니다. 영어로 몇 단어를 입력하세요.",
    "words.not_english": "`{name}` {text!r}{text:은/는} 영어가 아닙니다. 이 모델은 영어만 압니다.",
    "words.not_text": "`{name}`{name:은/는} 텍스트여야 하는데 {value!r}입니다.",
    "words.too_few": "단어를 빼 보려면 단어가 두 개 이상 있어야 합니다. 더 긴 문장을 쓰세요.",
    "words.too_long": "`{name}`의 글자가 {count:,}개입니다. 이 모델은 단어를 {limit}개까지 읽습니다. 줄여 주세요.",
    "words.too_many": "`{name}`의 단어가 {count}개입니다. 이 모델은 {limit}개까지 읽습니다. 줄여 주세요.",
    "words.unknown": "`{name}` {text!r}에는 이 모델이 아는 단어가 없습니다. 쉬운 영어 단어를 쓰세요.",
}
