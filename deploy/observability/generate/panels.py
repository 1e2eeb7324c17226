"""What a dashboard is made of, and its two forms: Grafana's classic JSON and Perses'.

A query's text has two abbreviations: $S is the selection of job and instance, $R the range `[$__rate_interval]`.
"""

from __future__ import annotations

import dataclasses
import json

SELECTION = 'job=~"$job",instance=~"$instance"'
RATE = "[$__rate_interval]"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
# A series' colour says what it is, in every panel where it stands.
COLORS = {"model": "red", "overload": "orange", "client": "blue", "network": "purple"}


@dataclasses.dataclass(frozen=True)
class Query:
    expr: str
    legend: str

    @property
    def text(self) -> str:
        return self.expr.replace("$S", SELECTION).replace("$R", RATE)


@dataclasses.dataclass(frozen=True)
class Panel:
    title: str
    what: str
    unit: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"  # or stat, piechart, bargauge, table, heatmap
    width: int = 8
    height: int = 8
    limit: float | None = None  # red from here on
    good_above: bool = False  # for a limit: green from here on
    stacked: bool = False
    most: float | None = None  # the axis' end


@dataclasses.dataclass(frozen=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


@dataclasses.dataclass(frozen=True)
class Dashboard:
    uid: str
    title: str
    what: str
    rows: tuple[Row, ...]


def query(expr: str, legend: str = "") -> Query:
    return Query(expr, legend)


# --- Grafana ---


def thresholds(panel: Panel) -> dict:
    low, high = ("red", "green") if panel.good_above else ("green", "red")
    steps: list[dict] = [{"color": low, "value": None}]
    if panel.limit is not None:
        steps.append({"color": high, "value": panel.limit})
    return {"mode": "absolute", "steps": steps}


def field_config(panel: Panel) -> dict:
    defaults: dict = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": thresholds(panel),
        "color": {"mode": "palette-classic"},
    }
    if panel.most is not None:
        defaults["max"] = panel.most
    if panel.kind in ("stat", "bargauge"):
        defaults["color"] = {"mode": "thresholds"}
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 20 if panel.stacked else 5,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "off" if panel.limit is None else "line"},
        }
    overrides = [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}],
        }
        for name, color in COLORS.items()
        if any("error_type" in one.legend for one in panel.queries)
    ]
    return {"defaults": defaults, "overrides": overrides}


def options(kind: str) -> dict:
    last = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
    return {
        "timeseries": {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}},
        "stat": {"reduceOptions": last, "colorMode": "value", "graphMode": "area", "textMode": "auto"},
        "piechart": {
            "reduceOptions": last,
            "pieType": "pie",
            "displayLabels": ["name", "percent"],
            "legend": {**legend, "values": ["value", "percent"]},
        },
        "bargauge": {"reduceOptions": last, "displayMode": "gradient", "orientation": "horizontal"},
        "table": {"showHeader": True, "sortBy": [{"displayName": "Value", "desc": True}]},
        "heatmap": {
            "calculate": False,
            "color": {"mode": "scheme", "scheme": "Spectral", "steps": 64},
            "yAxis": {"unit": "s"},
            "cellGap": 1,
        },
    }[kind]


def target(panel: Panel, index: int) -> dict:
    one = panel.queries[index]
    instant = panel.kind in ("piechart", "bargauge", "table")
    return {
        "refId": chr(ord("A") + index),
        "datasource": DATASOURCE,
        "expr": one.text,
        "legendFormat": one.legend or "__auto",
        "instant": instant,
        "range": not instant,
        "format": {"table": "table", "heatmap": "heatmap"}.get(panel.kind, "time_series"),
    }


def grafana_panel(panel: Panel, number: int, x: int, y: int) -> dict:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.what,
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "fieldConfig": field_config(panel),
        "options": options(panel.kind),
        "targets": [target(panel, index) for index in range(len(panel.queries))],
    }


def placed(row: Row, top: int) -> list[tuple[Panel, int, int]]:
    """The row's panels from left to right, in as many lines as they need: (panel, x, y)."""
    out, x, y, height = [], 0, top, 0
    for panel in row.panels:
        if x + panel.width > COLUMNS:
            x, y, height = 0, y + height, 0
        out.append((panel, x, y))
        x += panel.width
        height = max(height, panel.height)
    return out


def grafana_panels(dashboard: Dashboard) -> list[dict]:
    out: list[dict] = []
    y = 0
    for row in dashboard.rows:
        position = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
        out.append(
            {
                "id": len(out) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": position,
                "panels": [],
            }
        )
        for panel, left, top in placed(row, y + 1):
            out.append(grafana_panel(panel, len(out) + 1, left, top))
            y = max(y, top + panel.height)
    return out


def variable(name: str, label: str, values: str) -> dict:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": values,
        "definition": values,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def grafana(dashboard: Dashboard) -> str:
    variables = [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}},
        variable("job", "Job", "label_values(ai_inference_connections, job)"),
        variable("instance", "Instance", 'label_values(ai_inference_connections{job=~"$job"}, instance)'),
    ]
    links = [{"type": "dashboards", "title": "Sluice", "tags": ["sluice"], "asDropdown": True, "keepTime": True}]
    document = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.what,
        "tags": ["sluice"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "30s",
        "links": links,
        "templating": {"list": variables},
        "annotations": {"list": []},
        "panels": grafana_panels(dashboard),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


# --- Perses ---

PERSES_KINDS = {
    "timeseries": "TimeSeriesChart",
    "stat": "StatChart",
    "piechart": "PieChart",
    "bargauge": "BarChart",
    "table": "TimeSeriesTable",
}
PERSES_UNITS = {
    "s": "seconds",
    "percentunit": "percent-decimal",
    "reqps": "requests/sec",
    "bytes": "bytes",
    "short": "decimal",
}


def perses_spec(panel: Panel) -> dict:
    unit = {"unit": PERSES_UNITS.get(panel.unit, "decimal")}
    if panel.kind == "timeseries":
        spec: dict = {"legend": {"position": "bottom"}, "yAxis": {"format": unit, "min": 0}}
        if panel.limit is not None:
            spec["thresholds"] = {"steps": [{"value": panel.limit}]}
        return spec
    if panel.kind == "piechart":
        return {"calculation": "last", "format": unit, "legend": {"position": "right"}, "radius": 50}
    return {"calculation": "last", "format": unit} if panel.kind in ("stat", "bargauge") else {}


def perses_panel(panel: Panel) -> dict:
    queries = [
        {
            "kind": "TimeSeriesQuery",
            "spec": {
                "plugin": {
                    "kind": "PrometheusTimeSeriesQuery",
                    "spec": {"query": one.text, "seriesNameFormat": one.legend},
                }
            },
        }
        for one in panel.queries
    ]
    return {
        "kind": "Panel",
        "spec": {
            "display": {"name": panel.title, "description": panel.what},
            "plugin": {"kind": PERSES_KINDS[panel.kind], "spec": perses_spec(panel)},
            "queries": queries,
        },
    }


def perses_variable(name: str, matchers: list[str]) -> dict:
    return {
        "kind": "ListVariable",
        "spec": {
            "name": name,
            "allowMultiple": True,
            "allowAllValue": True,
            "customAllValue": ".*",
            "defaultValue": "$__all",
            "plugin": {"kind": "PrometheusLabelValuesVariable", "spec": {"labelName": name, "matchers": matchers}},
        },
    }


def perses(dashboard: Dashboard) -> str:
    panels: dict[str, dict] = {}
    layouts = []
    for row in dashboard.rows:
        items = []
        for panel, x, y in placed(row, 0):
            name = f"panel{len(panels)}"
            panels[name] = perses_panel(panel)
            content = {"$ref": f"#/spec/panels/{name}"}
            items.append({"x": x, "y": y, "width": panel.width, "height": panel.height, "content": content})
        layouts.append({"kind": "Grid", "spec": {"display": {"title": row.title}, "items": items}})
    document = {
        "kind": "Dashboard",
        "metadata": {"name": dashboard.uid, "project": "sluice"},
        "spec": {
            "display": {"name": dashboard.title, "description": dashboard.what},
            "duration": "1h",
            "refreshInterval": "30s",
            "variables": [
                perses_variable("job", ["ai_inference_connections"]),
                perses_variable("instance", ['ai_inference_connections{job=~"$job"}']),
            ],
            "panels": panels,
            "layouts": layouts,
        },
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
