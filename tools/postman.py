#!/usr/bin/env python3
"""Writes clients/postman/sluice.postman_collection.json (Postman Collection v2.1) from the OpenAPI document.

build/sluice openapi | tools/postman.py           writes it
build/sluice openapi | tools/postman.py --check   exit 1 when it is not up to date
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "clients" / "postman" / "sluice.postman_collection.json"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
# Which body to offer, of those that a path takes.
BODIES = ("application/json", "application/x-ndjson")


def url_of(path: str, parameters: list[dict]) -> dict:
    """Path parameters as :name; the query's are listed and, without an example, off."""
    segments = [f":{s[1:-1]}" if s.startswith("{") and s.endswith("}") else s for s in path.strip("/").split("/")]
    variables = [{"key": p["name"], "value": str(p.get("example", ""))} for p in parameters if p["in"] == "path"]
    query = [
        {
            "key": p["name"],
            "value": str(p.get("example", "")),
            "description": p.get("description", ""),
            **({} if p.get("required") else {"disabled": True}),
        }
        for p in parameters
        if p["in"] == "query"
    ]
    needed = "&".join(f"{q['key']}={q['value']}" for q in query if not q.get("disabled"))
    raw = "{{base}}/" + "/".join(segments) + (f"?{needed}" if needed else "")
    url = {"raw": raw, "host": ["{{base}}"], "path": segments}
    return url | ({"variable": variables} if variables else {}) | ({"query": query} if query else {})


def body_of(operation: dict) -> tuple[str, dict] | None:
    content = operation.get("requestBody", {}).get("content", {})
    for media_type in BODIES:
        if "example" in content.get(media_type, {}):
            example = content[media_type]["example"]
            raw = example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)
            return media_type, {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
    return None


def item_of(document: dict, path: str, verb: str, operation: dict) -> dict:
    shared = document["components"]["parameters"]
    parameters = [shared[p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p for p in operation["parameters"]]
    headers = [
        {"key": p["name"], "value": "", "description": p.get("description", ""), "disabled": True}
        for p in parameters
        if p["in"] == "header"
    ]
    request = {
        "method": verb.upper(),
        "header": headers,
        "url": url_of(path, parameters),
        "description": operation.get("description", ""),
    }
    if (body := body_of(operation)) is not None:
        request["header"] = [{"key": "Content-Type", "value": body[0]}, *headers]
        request["body"] = body[1]
    return {"name": operation.get("summary") or operation["operationId"], "request": request}


def collection_of(document: dict) -> dict:
    folders = {
        tag["name"]: {"name": tag["name"], "description": tag["description"], "item": []} for tag in document["tags"]
    }
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            folders[operation["tags"][0]]["item"].append(item_of(document, path, verb, operation))
    info = {"name": document["info"]["title"], "description": document["info"]["description"], "schema": SCHEMA}
    return {
        "info": info,
        "item": list(folders.values()),
        "variable": [{"key": "base", "value": "http://127.0.0.1:8000"}],
    }


def main() -> int:
    text = json.dumps(collection_of(json.load(sys.stdin)), ensure_ascii=False, indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        if OUT.is_file() and OUT.read_text(encoding="utf-8") == text:
            return 0
        print(f"{OUT.relative_to(ROOT)} is not what the API says: build/sluice openapi | tools/postman.py")
        return 1
    OUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
