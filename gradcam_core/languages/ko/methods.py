"""Korean: what each method is for, and what it costs. Public name: `METHODS`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["METHODS"]

METHODS: Mapping[str, str] = {
    "method.ablationcam": "그래디언트 없이: 채널 하나를 끄면 점수가 얼마나 떨어지는지 봅니다.",
    "method.cost": "비용:",
    "method.cost_ablation": "레이어 뒤쪽 네트워크를 채널마다 한 번씩 통과",
    "method.cost_backward": "부분 역전파 한 번",
    "method.cost_decomposition": "레이어 활성값의 특잇값 분해",
    "method.cost_guided": "네트워크 전체의 순전파와 역전파 한 번씩",
    "method.cost_score": "네트워크 전체를 채널마다 한 번씩 통과. 큰 레이어에서는 몇 분",
    "method.eigencam": "클래스와 상관없이 레이어가 가장 크게 반응하는 곳.",
    "method.gradcam": "기준이 되는 방법: 클래스 점수를 올리는 영역.",
    "method.gradcampp": "한 사진에 같은 클래스의 물체가 여럿일 때.",
    "method.guided_backprop": "입력 해상도의 가는 선과 질감.",
    "method.guided_gradcam": "가는 선과 질감 가운데 Grad-CAM이 근거를 찾은 곳만.",
    "method.hirescam": "위치마다 점수에 실제로 더한 값.",
    "method.layercam": "앞쪽 레이어의 세밀한 부분.",
    "method.scorecam": "그래디언트 없이: 채널 하나로 비춘 사진이 클래스를 얼마나 유지하는지 봅니다.",
    "method.similarity": (
        "곁에 무엇이 있든, 점수를 올리는 방향과 닮은 글자를 찾습니다. 어순, 부정, 크기는 나타내지 못합니다. 글자의"
        " 값은 어디에 있든 같고, 더해도 점수가 되지 않습니다."
    ),
    "method.xgradcam": "맵의 합이 점수에 가깝도록 정한 가중치.",
}
