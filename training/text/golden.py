"""Golden vectors: own sentences with what every step must make of them. No sentence is from the data."""

from __future__ import annotations

import json
from pathlib import Path

from labels import LABELS
from served import Served

# The article's three, then near variants, then one or two sentences a topic, then odd input.
TEXTS = (
    "中国女排获得世界杯冠军", "特斯拉发布新款电动车", "周杰伦新专辑销量破千万",
    "蔚来发布新款电动车", "小鹏汽车升级自动驾驶系统", "林俊杰新专辑今天上线", "特斯拉降价后车主上门讨说法",
    "主队在加时赛里逆转拿下总决赛", "国产手机芯片跑分翻了一倍", "电影首映礼上主演含泪感谢导演",
    "央行下调利率,银行股全线上涨", "海军新型驱逐舰完成实弹演习", "高考作文题目引来老师热议",
    "高血压病人早上能不能喝咖啡?", "这款七座家用轿车油耗低空间大", "二手房成交量连续三个月回落",
    "周末去山里看红叶的三条路线", "蘋果發布新款手機", "臺灣電動車發佈會", "乾隆皇帝與後宮",
    "ＮＢＡ　总决赛　Ｇ７", "①②③号楼盘开盘", "㈱ﾃｽﾄ ﾊﾟｿｺﾝ", "高 考 分 数 线", "  前后\t都有\n空白  ", "零\u200b宽\u200d字\ufeff符",
    "Apple unveils a new iPhone with a faster chip", "NBA Finals: Lakers beat Celtics in Game 7",
    "COVID-19疫苗第3针", "iPhone15ProMax首发8999元起", "Straße ÉCOLE naïve Ångström", "привет мир", "한국 경제 성장", "東京オリンピック",
    "😀😀😀", "？？？", "12345", "3.14%", "", "   ", "\u3000", "\u200b", "①②③", "a", "好", "〇", "々",
    "控\u0001制\u0002字\u0003符\u0000在内", "𠮷野家新店开业", "👨‍👩‍👧看电影", "e\u0301cole与école", "ﬁnance ﬂow", "İstanbul",
    "股" * 200, "球 " * 700, " " * 1100 + "房价", "很长的句子" * 60, "[CLS] 体育 [SEP]", "##车 [UNK] [MASK]",
    "未登录的罕字龘靐齉爩", "https://example.com/a?b=1&c=2", "user@example.com", "2026年11月23日,晴", "“引号”与‘引号’、——……",
    "C++20与C#", "𝐁𝐨𝐥𝐝 𝒎𝒂𝒕𝒉", "ｶﾞｷﾞｸﾞ", "Ⅳ级与ⅷ", "½杯水", "\u00adsoft\u00adhyphen", "\U0001f680火箭发射成功",
)  # fmt: skip


def write(folder: Path) -> Path:
    """golden.json beside the graph. Probabilities are those of ONNX Runtime on the exported graph."""
    served = Served(folder)
    cases = []
    for text in TEXTS:
        (answer,) = served.classify([text])
        best = int(answer.probabilities.argmax())
        cases.append(
            {
                "text": text,
                "normalised": answer.normalised,
                "model_asked": bool(answer.ids),
                "ids": answer.ids,
                "label": LABELS[best],
                "probabilities": [round(float(p), 6) for p in answer.probabilities],
            }
        )
    path = folder / "1" / "golden.json"
    head = {"model": folder.name, "tolerance": 1e-4, "labels": list(LABELS)}
    body = ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases)
    path.write_text(json.dumps(head, ensure_ascii=False)[:-1] + ', "cases": [\n' + body + "\n]}\n", encoding="utf-8")
    return path
