"""Korean: the page's tabs, labels, buttons and hints. Public name: `PAGE`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PAGE"]

_SEARCH = "입력해서 torchvision과 timm의 모든 모델을 검색할 수 있습니다"
_SMALL = (
    "이 모델은 여기서 {photographs}만으로 직접 학습한 작은 모델입니다. 개, 사람, 운동, 일상의 물건 정도만 알고, 모르는"
    " 것에도 답은 합니다. 위의 예시 중 마지막 사진만 틀리고 나머지는 맞힙니다."
)

PAGE: Mapping[str, str] = {
    "example.astronaut": "우주비행사",
    "example.cat": "고양이",
    "example.cat-and-coffee": "고양이와 커피",
    "example.cat-in-a-bathroom": "욕실의 고양이",
    "example.coffee": "커피",
    "example.pizza": "피자",
    "example.rocket": "로켓",
    "example.skateboarder": "스케이트보더",
    "examples.title": "또는 예시를 골라 보세요",
    "examples.wrong": "{title}: 모델이 틀리는 사진",
    "file.heatmap": "히트맵 (PNG)",
    "file.map": "원본 맵 (NPY)",
    "file.no_text_yet": "아직 내려받을 것이 없습니다. 먼저 리뷰를 입력하세요.",
    "file.nothing_yet": "아직 내려받을 것이 없습니다. 먼저 사진을 고르세요.",
    "file.overlay": "오버레이 (PNG)",
    "file.record": "기록 (JSON)",
    "file.report": "보고서 (HTML)",
    "file.unfit_look": "페이지가 보낸 표시 설정으로는 그릴 수 없습니다: {error}",
    "gradio.camera": "카메라로 촬영",
    "gradio.camera_access": "눌러서 카메라 사용 허용",
    "gradio.camera_allow": "카메라 사용 허용",
    "gradio.camera_missing": (
        "브라우저가 이 페이지에 카메라를 내주지 않습니다. https 주소이거나 이 컴퓨터의 페이지여야 합니다."
    ),
    "gradio.camera_source": "카메라 선택",
    "gradio.camera_take": "사진 찍기",
    "gradio.close": "닫기",
    "gradio.empty": "비어 있음",
    "gradio.file_remove": "이 파일 빼기",
    "gradio.file_upload": "파일 업로드",
    "gradio.files_drop": "눌러서 고르거나 파일을 끌어다 놓기",
    "gradio.footer": "Gradio 링크",
    "gradio.fullscreen": "전체 화면",
    "gradio.fullscreen_exit": "전체 화면 끝내기",
    "gradio.image_remove": "사진 빼기",
    "gradio.paste": "클립보드에서 붙여넣기",
    "gradio.progress": "진행",
    "gradio.queue": "대기 중: {size}명 중 {position}번째",
    "gradio.recording_stop": "녹화 중지",
    "gradio.tabs_more": "다른 탭 보기",
    "gradio.upload": "파일 추가",
    "gradio.upload_file": "파일 업로드",
    "link.refused": "이 링크가 요청한 내용은 보여 줄 수 없습니다: {problem} 대신 첫 번째 예시를 보여 줍니다.",
    "link.text_broken": "링크에 담긴 텍스트가 손상되었습니다. 링크의 일부가 빠졌을 수 있습니다.",
    "link.text_too_long": "링크에 담긴 텍스트가 {most}자를 넘습니다.",
    "link.too_long": "링크가 {most}자를 넘습니다.",
    "menu.default": "기본값",
    "menu.download": "다운로드 필요",
    "menu.offline": "바로 사용 가능",
    "menu.only_for_you": "나만 사용",
    "menu.top": "가장 확률이 높은 클래스",
    "menu.your_own": "내 모델",
    "models.others": "다른 모델은 더 크고 아는 것도 많지만, 먼저 내려받아야 합니다.",
    "models.search": f"{_SEARCH}.",
    "models.search_and_hub": f"{_SEARCH}. Hugging Face 허브에 있는 이미지 분류기의 ID(소유자/이름)도 됩니다.",
    "models.search_hub": "Hugging Face 허브에 있는 이미지 분류기의 ID(소유자/이름)를 입력해도 됩니다.",
    "own.architecture": "아키텍처",
    "own.architecture_info": "torchvision이나 timm에서 쓰는 이름. 예: resnet18, timm/resnet18",
    "own.as_usual": "자동",
    "own.head": "출력 점수의 의미",
    "own.head_info": (
        "자동: 여러 점수면 그중 한 클래스로, 점수가 하나면 이름이 있을 때는 예/아니요로, 없을 때는 값 그대로 봅니다."
    ),
    "own.head_logit": "로짓 하나: 아니요/예 (시그모이드)",
    "own.head_sigmoid": "클래스마다 따로 (시그모이드)",
    "own.head_softmax": "여러 클래스 중 하나 (소프트맥스)",
    "own.head_value": "값 그대로",
    "own.input_size": "입력 크기 (선택)",
    "own.labels": "클래스 이름 (선택): 한 줄에 하나씩, JSON 또는 CSV",
    "own.load": "불러오기",
    "own.loaded": (
        "불러와서 위에서 선택해 두었습니다. 클래스 {classes}개, 입력 {size} × {size} 픽셀. 파일은 삭제했습니다."
    ),
    "own.mean": "평균 (선택)",
    "own.more": "파일에 없는 정보: 클래스 이름, 입력 준비 방법",
    "own.note": (
        "파일은 데이터로만 읽고 코드로 실행하지 않으며, 읽고 나면 바로 삭제합니다. 모델은 나만 쓸 수 있고, {minutes}분"
        " 동안 쓰지 않으면 지워집니다."
    ),
    "own.std": "표준편차 (선택)",
    "own.title": "내 모델",
    "own.weights": "가중치 (safetensors, .pt, .pth)",
    "page.advanced": "고급 설정",
    "page.cancel": "취소",
    "page.error": "오류",
    "page.kinds": "{files}: 여기에 올릴 수 없는 파일입니다. 올릴 수 있는 형식: {kinds}",
    "page.kept": "화면에는 이전 결과가 그대로 있습니다.",
    "page.lead": "모델은 무엇을 보았고, **어떤 근거**로 그렇게 답했을까요? 사진을 올리거나 예시를 눌러 보세요.",
    "page.language": "언어",
    "page.language_key": "ko",
    "page.offline": "서버에 연결할 수 없습니다. 화면의 내용은 그대로 있으며, 다시 연결하는 중입니다 …",
    "page.passes": "회",
    "page.stop": "중지",
    "page.unanswered": "서버가 답하지 않았습니다. 화면의 내용은 그대로이니 잠시 뒤 다시 시도하세요.",
    "photograph.best": (
        "기본은 Grad-CAM입니다. 내장 캡션 모델의 단어에는 HiResCAM을 씁니다. 이 모델에서는 단어가 가리키는 물체"
        " 위에 맵이 놓이는 경우가 훨씬 많기 때문입니다."
    ),
    "photograph.click_a_bar": "이름을 입력해 검색하거나 막대를 누르세요.",
    "photograph.counterfactual": "반사실",
    "photograph.counterfactual_info": "이 클래스에 반하는 근거를 보여 줍니다.",
    "photograph.detail": "세밀하게",
    "photograph.detail_info": (
        "맵이 두 배 촘촘해집니다. 학습할 때보다 가로세로 두 배 큰 입력을 넣으므로 계산은 네 배가 들고, 확률은"
        " 낮아집니다."
    ),
    "photograph.layer": "레이어 (입력에서 출력 순)",
    "photograph.layer_info": "뒤쪽은 무엇인지, 앞쪽은 어디인지를 봅니다. 크기는 학습 때 기준입니다.",
    "photograph.method": "방법",
    "photograph.method_that_suits": "모델에 맞는 방법",
    "photograph.model": "모델",
    "photograph.module": "모델 안의 다른 모듈",
    "photograph.module_info": (
        "blocks.5.0.conv_pw처럼 점으로 이은 이름을 입력하고 Enter를 누르세요. 위에서 고른 레이어 대신 쓰입니다."
    ),
    "photograph.photograph": "사진",
    "photograph.reading": (
        """
- **히트맵**: 각 위치가 클래스 점수를 얼마나 올렸는지를 0부터 가장 강한 위치까지 나타냅니다. 점수는 확률로 바꾸기 전의
  값, 곧 클래스의 로짓입니다.
- **오버레이**: 같은 맵을 사진 위에 겹친 것입니다. 맵이 약한 곳에서는 사진이 그대로 보입니다.
- **양쪽을 같은 눈금으로**: 찬성이든 반대든 근거가 거의 없으면 옅게 보입니다. “표시 방법”에서 보이는 값에 맞춰 색을
  늘릴 수 있고, 그때는 색 막대에 그렇게 표시됩니다.
- **회색 줄무늬**: 모델에 들어가기 전에 잘려 나간 부분입니다. 근거가 약한 것이 아니라 아예 보지 않은 곳입니다.
- **반사실**: 없었다면 점수가 올라갔을 위치, 곧 이 클래스에 반하는 근거입니다.
- 맵은 모델이 낸 답의 근거가 어디에 있는지 보여 줍니다. 답이 옳은지, 그 위치의 무엇(모양, 색, 질감)이 중요했는지, 다른
  사진에서는 무엇이라고 답할지는 알려 주지 않습니다.
- 맵의 해상도는 레이어의 해상도이며 흔히 7 x 7입니다. 칸 사이의 경계는 부드럽게 그린 것일 뿐, 계산된 값이 아닙니다.
"""
    ),
    "photograph.reading_title": "그림 읽는 법",
    "photograph.rival": "비교할 클래스",
    "photograph.rival_info": "왜 저 클래스가 아니라 이 클래스인지, 그 차이를 보여 줍니다.",
    "photograph.rival_mean": "다음 세 클래스의 평균",
    "photograph.rival_next": "다음으로 확률이 높은 클래스",
    "photograph.rival_none": "없음",
    "photograph.sharper": "선명하게",
    "photograph.sharper_info": "여러 크기에서 일치하는 위치만 표시합니다. 계산이 더 듭니다.",
    "photograph.side_against": "반대 (반사실)",
    "photograph.side_both": "둘 다",
    "photograph.side_for": "지지",
    "photograph.sides": "클래스를 지지하거나 반대하는 근거",
    "photograph.sides_info": "둘 다: 같은 눈금에 두 색으로 보여 줍니다.",
    "photograph.target": "대상 클래스",
    "photograph.view": "모델에 보여 줄 범위",
    "photograph.view_centre": "학습할 때처럼 가운데만",
    "photograph.view_info": "확률은 보여 준 범위에 대한 값입니다.",
    "photograph.view_whole": "사진 전체",
    "photograph.waiting": "사진을 고르거나, 첫 번째 예시가 뜰 때까지 잠시 기다려 주세요.",
    "tab.photograph": "사진",
    "tab.text": "텍스트",
    "task.answer": "질문하기",
    "task.answer_small": _SMALL.format(photographs="질문이 달린 사진"),
    "task.caption": "설명하기",
    "task.caption_field": "직접 쓴 캡션 (영어)",
    "task.caption_info": "입력하고 Enter를 누르면 단어마다 확률을 보여 줍니다. 비워 두면 모델이 쓴 캡션을 씁니다.",
    "task.caption_example": "직접 입력한 뒤 Enter",
    "task.caption_small": _SMALL.format(photographs="설명이 달린 사진"),
    "task.classes": "무엇일까?",
    "task.question": "질문 (영어)",
    "task.question_info": "입력하고 Enter를 누르거나, 목록에서 고르세요.",
    "text.contrast": "대비",
    "text.contrast_info": "왜 다른 쪽이 아니라 이 클래스인지 보여 줍니다.",
    "text.examples": "또는 예시를 골라 보세요",
    "text.follows": "입력하는 대로 결과가 바뀝니다.",
    "text.no_link": "텍스트가 너무 길어 링크가 없습니다. {needed}자가 필요하지만 링크는 {most}자까지입니다.",
    "text.or_click": "막대를 눌러도 됩니다.",
    "text.reading": (
        """
- **숫자**: 각 단어나 글자가 클래스 점수를 얼마나 올렸는지(+) 또는 내렸는지(-)를 나타냅니다. HiResCAM에서는 글자의
  숫자를 모두 더하면 상수 하나를 뺀 점수 자체가 됩니다. 단어의 숫자는 글자들의 평균입니다.
- **창**: 모델은 한 번에 두 글자에서 다섯 글자까지 봅니다. 창의 값은 그 안의 글자에 똑같이 나누므로, 숫자에는 이웃한
  글자의 몫도 들어 있습니다.
- **반사실**: 이 클래스에 반하는 근거입니다. **대비**: 다른 쪽이 아니라 이 클래스라고 볼 근거입니다.
- 한국어 영화 리뷰로 학습한 모델입니다. 다른 언어도, 반어도, 다섯 글자를 넘는 어순도 모릅니다.
"""
    ),
    "text.reading_title": "결과 읽는 법",
    "text.waiting": "리뷰를 입력하거나 첫 번째 예시를 잠시 기다리세요.",
    "text.review": "한국어 영화 리뷰",
}
