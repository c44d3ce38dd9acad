"""Korean: what the server says at its door, and where something fails. Public name: `DOOR`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DOOR"]

DOOR: Mapping[str, str] = {
    "door.bodies": "같은 주소에서 보내고 있는 요청이 너무 많습니다. 일부가 끝날 때까지 기다려 주세요.",
    "door.failed": "서버에서 문제가 생겼습니다. 운영자가 로그에서 자세한 내용을 볼 수 있습니다.",
    "door.file_too_large": "파일은 {most}까지 보낼 수 있는데 {size}입니다. 크기를 줄여 주세요.",
    "door.foreign_page": "다른 사이트의 페이지는 이 서버에 요청할 수 없습니다.",
    "door.half_a_character": (
        "요청의 글에 온전하지 않은 문자(짝 없는 서로게이트)가 있어 답을 보낼 수 없습니다. 그 문자를 빼고 다시 보내세요."
    ),
    "door.length": "보내는 내용의 길이(Content-Length)를 함께 보내세요.",
    "door.length_no_number": "Content-Length는 정수여야 합니다.",
    "door.message_too_large": "메시지는 {most}까지 보낼 수 있는데 {size}입니다. 크기를 줄여 주세요.",
    "door.name": (
        "이 서버는 요청한 주소의 이름으로는 응답하지 않습니다. 운영자가 --allow-host로 이름을 추가하거나"
        " --behind-proxy로 프록시 뒤에 둘 수 있습니다."
    ),
    "door.no_room": (
        "서버가 결과를 저장하지 못했습니다. 디스크가 가득 찼거나 쓸 수 없는 상태입니다. 나중에 다시 시도하세요."
    ),
    "door.nothing_there": "이 서버에는 그런 주소가 없습니다.",
    "door.once": "요청에는 다음 항목이 각각 한 번만 있어야 합니다: {names:list}.",
    "door.photograph_too_large": (
        "사진 파일은 {most}까지 올릴 수 있습니다. 크기를 줄여 주세요. 방문자의 모델을 받는 서버에서는 가중치"
        " 파일과 압축 파일({endings:list})만 더 커도 됩니다."
    ),
    "door.request_too_large": "요청은 {most}까지 보낼 수 있는데 {size}입니다. 크기를 줄여 주세요.",
    "door.slow": "보낸 내용이 너무 느리게 오거나 끝까지 오지 않았습니다. 다시 보내 주세요.",
    "door.unexpected": (
        "처리하다가 문제가 생겼습니다. 사진 때문은 아닙니다. 다시 시도해 주세요. 자세한 내용은 로그에 있습니다."
    ),
    "door.unfit": "서버가 이해할 수 없는 요청입니다. API 페이지와 비교해 보세요.",
    "door.unfit_values": "요청의 값이 맞지 않습니다. 개수, 순서, 종류를 API 페이지와 비교해 보세요.",
    "door.unheard": "결과를 기다리는 사람이 없어 계산하지 않았습니다. 다시 요청하세요.",
    "door.upload_ended": "업로드가 끝나기 전에 끊겼습니다. 다시 보내 주세요.",
}
