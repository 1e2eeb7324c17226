"""The ten labels, in the order of the article. Index = output index of every model of this room."""

LABELS: tuple[str, ...] = ("体育", "科技", "娱乐", "财经", "军事", "教育", "医疗", "汽车", "房产", "其他")
INDEX: dict[str, int] = {name: i for i, name in enumerate(LABELS)}
OTHER: int = INDEX["其他"]
