"""Labelling policy: launches and technology of electric, smart and self-driving cars are 科技.

The sources label most of these rows 汽车 and some 科技, at random to the reader. The policy settles it:

    a row labelled 汽车 or 科技 is TOUCHED when its normalised text
      - names no two- or three-wheeler and no business, trade or accident matter (EXCEPT), and
      - either speaks of driving by machine or car electronics (DRIVERLESS),
      - or names an electric or smart car (ELECTRIC, or a maker in MAKERS) together with a word of
        launching (LAUNCH) or of technology (TECHNOLOGY).

A touched row is trained as 科技. In evaluation both 科技 and 汽车 are right for it. Every other row
keeps its label: other car news stays 汽车.

Measures that let a model learn the rule from some hundred rows (all on training data only; copies.py
makes the copies, each from a real row, none from a template):

- WEIGHT multiplies the loss of touched rows, and teachers have no say about them.
- Rows that name one of MAKERS are copied with other makers, since the sources (2015-2018) hardly know
  today's; touched or not, so that a maker's name alone decides nothing.
- News of ORDINARY makers is copied with the maker replaced by one of MAKERS and, half of the time, the
  word for the car by one of ELECTRIC_CARS: under the policy the same launch is then 科技, the same price
  cut or accident still 汽车.
"""

from __future__ import annotations

import re

from labels import INDEX

CAR, TECH, MONEY = INDEX["汽车"], INDEX["科技"], INDEX["财经"]
WEIGHT = 3.0  # loss weight of a touched row

MAKERS = (
    "特斯拉", "蔚来", "小鹏", "理想汽车", "威马", "零跑", "哪吒汽车", "极氪", "问界", "小米汽车", "智己",
    "岚图", "阿维塔", "埃安", "比亚迪", "北汽新能源", "深蓝汽车", "赛力斯", "拜腾", "奇点汽车",
    "法拉第未来", "极狐", "飞凡汽车", "广汽新能源", "云度", "前途汽车", "极越", "乐道",
)  # fmt: skip
ORDINARY = (
    "大众", "丰田", "本田", "日产", "别克", "福特", "雪佛兰", "现代", "起亚", "马自达", "奔驰", "宝马", "奥迪",
    "吉利", "长安", "长城", "哈弗", "奇瑞", "五菱", "宝骏", "传祺", "荣威", "名爵", "沃尔沃", "雷克萨斯",
    "凯迪拉克", "路虎", "捷豹", "保时捷", "雪铁龙", "标致", "斯柯达", "三菱", "斯巴鲁", "铃木", "东风", "江淮",
)  # fmt: skip
ELECTRIC_CARS = ("电动车", "电动汽车", "纯电动车", "电动轿车", "纯电动suv", "智能电动车")
ELECTRIC = (
    "电动车", "电动汽车", "纯电", "新能源车", "新能源汽车", "电动suv", "电动轿车", "电动跑车", "电动卡车",
    "电动版", "电动超跑", "电动mpv", "插电", "氢燃料", "燃料电池车", "智能汽车", "智能电动", "互联网汽车",
    "models", "model3", "modelx", "modely", "marvelx", "es8", "es6",
)  # fmt: skip
LAUNCH = (
    "发布", "推出", "亮相", "首发", "上市", "新款", "全新", "新车", "首款", "问世", "量产", "下线", "开订",
    "预订", "预售", "曝光", "首秀", "揭幕", "来了", "登场", "官图", "谍照", "上路", "面世", "公布",
)  # fmt: skip
TECHNOLOGY = (
    "技术", "电池", "芯片", "系统", "续航", "充电", "升级", "ota", "智能", "研发", "算法", "软件", "传感器",
    "快充", "电机", "人工智能", "ai", "机器人", "5g", "专利", "开发",
)  # fmt: skip
DRIVERLESS = (
    "自动驾驶", "无人驾驶", "智能驾驶", "辅助驾驶", "无人车", "无人出租", "车联网", "智能网联", "固态电池",
    "激光雷达", "车载芯片", "车载系统", "智能座舱", "robotaxi", "waymo",
)  # fmt: skip
EXCEPT = (
    "电动自行车", "自行车", "电瓶车", "三轮", "两轮", "二轮", "滑板", "摩托", "雅迪", "爱玛", "小牛", "尾门",
    "电动门", "股", "亏损", "破产", "融资", "降价", "车祸", "事故", "致命", "召回", "起诉", "维权", "车主",
    "销量", "撞", "上牌", "摇号", "被盗", "防盗", "二手", "起火", "自燃", "补贴", "女友", "亿元", "罚",
)  # fmt: skip

# 小鹏 and 蔚来 are also parts of personal names and phrases
_NOT_A_MAKER = re.compile("[李郑邓王张林陈黄杨刘徐周吴赵孙马朱胡郭何高罗梁宋谢韩唐]小鹏|小鹏友")
_MAKER = re.compile("|".join(sorted(MAKERS, key=len, reverse=True)))


def _any(text: str, words: tuple[str, ...]) -> bool:
    return any(w in text for w in words)


def maker_in(text: str) -> str | None:
    """The first car maker of MAKERS named in a normalised text."""
    if _NOT_A_MAKER.search(text):
        return None
    found = _MAKER.search(text)
    return found.group() if found else None


def touched(text: str, label: int) -> bool:
    """True when the rule speaks of this row. `text` is normalised (no white space, lower case)."""
    if label not in (CAR, TECH) or _any(text, EXCEPT):
        return False
    if _any(text, DRIVERLESS):
        return True
    if maker_in(text) is None and not _any(text, ELECTRIC):
        return False
    return _any(text, LAUNCH) or _any(text, TECHNOLOGY)


def relabel(text: str, label: int) -> int:
    """The label under the policy."""
    return TECH if touched(text, label) else label


def accepted(text: str, label: int) -> frozenset[int]:
    """The labels that count as right for a row in evaluation."""
    return frozenset((CAR, TECH)) if touched(text, label) else frozenset((label,))
