"""Korean: the server and whoever shares it. Public name: `SERVER`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["SERVER"]

SERVER: Mapping[str, str] = {
    "cluster.asked_again": "계산하던 곳이 없어져 다른 곳에서 다시 계산합니다. 시간이 더 걸립니다.",
    "cluster.no_answer": "이 페이지를 위해 계산하는 곳이 응답하지 않습니다. 1분 뒤에 다시 시도하세요.",
    "cluster.not_here": "이 모델은 이 페이지가 아니라 계산하는 곳에 올라가 있습니다.",
    "cluster.not_reached": (
        "`ray` {address!r}에 연결할 수 없습니다: {error} 이 컴퓨터가 속한 Ray 클러스터의 주소(예: auto)를 주거나,"
        " 여기서 시작하려면 --ray만 쓰세요."
    ),
    "cluster.not_started": "계산할 복제본을 시작할 수 없습니다: {error}",
    "cluster.other_model": (
        "클러스터의 한 컴퓨터에 이름은 같지만 가중치나 레이블이 다른 모델이 있습니다. 모든 컴퓨터에 같은 파일을 복사한"
        " 뒤 다시 시작하세요."
    ),
    "cluster.ray_missing": (
        "`ray`에는 Ray 패키지가 필요하지만 설치되어 있지 않습니다. 다음을 실행하세요: pip install -r"
        " gradcam_core/serving/requirements.txt"
    ),
    "cluster.rows_failed": (
        "클러스터의 작업자가 실패했습니다: {error} 이미 기록된 것은 남아 있으므로 같은 명령을 다시 실행하면 이어서"
        " 진행합니다."
    ),
    "folder.locked": "잠겨 있습니다",
    "folder.not_usable": (
        "업로드 폴더 {given!r}{given:을/를} 쓸 수 없습니다: {reason}. GRADIO_TEMP_DIR를 쓸 수 있고 공간이 남은 폴더로"
        " 지정하세요."
    ),
    "host.not_a_name": (
        "`allow_host` {name!r}{name:은/는} 호스트 이름이어야 합니다. 예: explain.example.org, 하위 이름 전체는"
        " *.example.org. 프로토콜, 포트, 경로는 빼세요."
    ),
    "host.not_listening": (
        "`host` {host!r}, `port` {number}에서 연결을 받을 수 없습니다: {reason}. --port나 --host로 다른 값을"
        " 고르거나, 그 포트를 쓰는 프로그램을 끝내세요."
    ),
    "host.unknown": "`host` {host!r}{host:을/를} 알 수 없습니다. 127.0.0.1이나 0.0.0.0처럼 이 컴퓨터의 주소를 쓰세요.",
    "inputs.number": "`{name}` {value!r}{value:은/는} 숫자가 아닙니다. 12처럼 숫자를 쓰세요.",
    "inputs.text": "`{name}`{name:은/는} 텍스트여야 하는데 {value_type}입니다.",
    "lane.cheap": "짧은",
    "lane.costly": "오래 걸리는",
    "lane.loading": "모델을 불러오는",
    "page.not_served": "페이지를 열 수 없습니다: {error}",
    "queue.full": "이 서버에서 기다리는 {lane} 요청이 이미 {waiting_count}개입니다. 1분 뒤에 다시 시도하세요.",
    "queue.full_for_address": (
        "같은 주소에서 보낸 {lane} 요청 {mine_count}개가 이미 기다리고 있습니다. 그 결과부터 받으세요."
    ),
    "queue.full_for_visitor": (
        "보낸 요청 {same_count}개가 이미 기다리고 있습니다. 하나가 끝나기를 기다리거나 중지하세요."
    ),
    "room.full": (
        "업로드와 결과를 담는 서버 폴더가 가득 찼습니다({most} 중 {used}, 또는 디스크가 가득 참). 몇 분 뒤에 다시"
        " 시도하세요."
    ),
    "room.share_full": (
        "업로드에 쓸 수 있는 몫이 가득 찼습니다. 몇 분 사이 같은 주소에서 올린 파일이"
        " {files_count}개({megabytes})이고, 한도는 {megabytes2} 또는 {most}개입니다. 몇 분 뒤에 다시 시도하세요."
    ),
    "room.uploads_under_way": (
        "같은 주소에서 올리고 있는 파일이 {coming_count}개입니다. 하나가 끝날 때까지 기다려 주세요."
    ),
    "shelf.full": (
        "이 서버에는 방문자의 모델이 이미 {max_models}개 있어 더 받을 수 없습니다. 나중에 다시 시도하거나 직접 앱을"
        " 실행하세요."
    ),
    "shelf.no_weights": "`weights`가 없습니다. 먼저 파일을 고르세요.",
    "shelf.still_reading": "앞서 올린 모델을 아직 읽고 있습니다. 쓸 수 있을 때까지 기다려 주세요.",
    "shelf.visitor_left": "모델을 읽는 동안 페이지를 떠나서 모델을 지웠습니다. 다시 불러오세요.",
}
