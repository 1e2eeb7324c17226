"""Net, assignment and losses; skipped without torch."""
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (training/face/requirements.txt)")

from assign import assign
from geometry import cells, flatten, to_corners
from losses import distil_loss, eiou, label_loss
from net import FaceNet

CPU = torch.device("cpu")


def test_shapes_and_size():
    net = FaceNet().eval()
    logit, raw = flatten(net(torch.zeros(2, 3, 64, 96)))
    count = (64 // 8) * (96 // 8) + 4 * 6 + 2 * 3
    assert logit.shape == (2, count) and raw.shape == (2, count, 4)
    assert sum(p.numel() for p in net.parameters()) * 4 < 480_000


def test_eiou_is_zero_for_equal_boxes():
    a = torch.tensor([[0.0, 0, 10, 20]])
    assert eiou(a, a).item() == pytest.approx(0, abs=1e-5)
    # Disjoint boxes: 1 for the IoU plus the three distances.
    assert eiou(a, a + 20).item() > 1


def test_assignment_stays_with_its_face():
    origins, strides = cells(64, 64, CPU)
    raw = torch.zeros(2, len(strides), 4)
    raw[..., :2] = 0.5
    truth = torch.full((2, 2, 5), -1.0)
    truth[0, 0] = torch.tensor([8.0, 8, 24, 24, 0])
    truth[1, 1] = torch.tensor([40.0, 40, 60, 60, 1])
    a = assign(torch.zeros(2, len(strides)), to_corners(raw, origins, strides), truth, origins, strides)
    assert a.positive[0].any() and not a.positive[1].any()
    assert (a.box[0][a.positive[0]] == truth[0, 0, :4]).all()
    assert a.free[1].any() and not a.free[0].any()


def test_a_few_steps_lower_the_loss():
    torch.manual_seed(0)
    net = FaceNet().train()
    image = torch.rand(2, 3, 64, 64) * 255
    truth = torch.tensor([[[10.0, 10, 30, 34, 0]], [[20.0, 24, 50, 60, 0]]])
    origins, strides = cells(64, 64, CPU)
    taught = torch.zeros(2, len(strides), 5)
    optimizer = torch.optim.AdamW(net.parameters(), 4e-3)
    values = []
    for _ in range(12):
        logit, raw = flatten(net(image))
        corners = to_corners(raw, origins, strides)
        score, box = label_loss(logit, corners, truth, origins, strides)
        loss = score + box + 0.1 * sum(distil_loss(logit, corners, taught, origins, strides))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < values[0]
