"""The last stage of a Dockerfile as the configuration of an OCI image, as far as ours goes."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

UNITS = {"s": 10**9, "m": 60 * 10**9}


def instructions(path: Path) -> list[tuple[str, str]]:
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.M).replace("\\\n", " ")
    found = [line.strip().partition(" ") for line in text.splitlines() if line.strip()]
    last = max(i for i, (word, _, _) in enumerate(found) if word == "FROM")
    return [(word, rest.strip()) for word, _, rest in found[last + 1 :]]


def nanoseconds(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


def healthcheck(rest: str) -> dict:
    options, _, command = rest.partition(" CMD ")
    names = {"interval": "Interval", "timeout": "Timeout", "start-period": "StartPeriod"}
    found = dict(re.findall(r"--([a-z-]+)=(\w+)", options))
    return {"Test": ["CMD", *json.loads(command)], **{names[name]: nanoseconds(value) for name, value in found.items()}}


def configuration(path: Path, arguments: dict[str, str]) -> dict:
    """`arguments` go before the defaults of ARG. Unknown instructions are an error."""
    known, config = {}, {"Env": ["PATH=/usr/bin"]}
    for word, rest in instructions(path):
        rest = re.sub(r"\$\{(\w+)\}", lambda name: known[name[1]], rest)
        match word:
            case "ARG":
                name, _, value = rest.partition("=")
                known[name] = arguments.get(name, value)
            case "LABEL":
                config["Labels"] = dict(part.split("=", 1) for part in shlex.split(rest))
            case "USER":
                config["User"] = rest
            case "WORKDIR":
                config["WorkingDir"] = rest
            case "EXPOSE":
                config["ExposedPorts"] = {f"{port}/tcp": {} for port in rest.split()}
            case "STOPSIGNAL":
                config["StopSignal"] = rest
            case "HEALTHCHECK":
                config["Healthcheck"] = healthcheck(rest)
            case "ENTRYPOINT" | "CMD":
                config[word.capitalize()] = json.loads(rest)
            case "COPY":
                pass  # the root of the image, which the caller has
            case _:
                raise SystemExit(f"{path}: {word} is not known here")
    return config
