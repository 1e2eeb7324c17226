"""Every field of the configuration, of the manifests and of the options of methods, messages and fields is read
somewhere."""

from __future__ import annotations

import re

import pytest
from google.protobuf import descriptor_pb2

from conftest import ROOT, descriptor_set

FILES = [
    "ai/inference/config/server.proto",
    "ai/inference/config/model.proto",
    "ai/inference/config/breaker.proto",
    "ai/inference/options.proto",
]


@pytest.fixture(scope="module")
def messages(tmp_path_factory) -> dict[str, descriptor_pb2.DescriptorProto]:
    """By name, of the files."""
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set(tmp_path_factory.mktemp("knobs"), FILES)).file
    return {message.name: message for file in files for message in file.message_type}


@pytest.fixture(scope="module")
def sources() -> list[str]:
    """The program's own code without comments: what a comment or a test says is not read."""
    texts = []
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix in (".cc", ".h") and not path.stem.endswith(("_test", "_bench")) and "testing" not in path.parts:
            texts.append(re.sub(r"//[^\n]*", "", path.read_text()))
    return texts


# What the code calls a message besides its name.
ALIASES = {
    "Server": [r"context\.options"],
    "Model": ["Manifest", "manifest"],
    "MethodOptions": ["Method", "method"],
    "FieldOptions": ["inference::field"],
    "MessageOptions": ["inference::message"],
}


def holders(messages: dict[str, descriptor_pb2.DescriptorProto], name: str) -> list[str]:
    """Fields whose value is a message `name`: their accessors show that a file has one in hand."""
    return [
        field.name for message in messages.values() for field in message.field if field.type_name.split(".")[-1] == name
    ]


def is_read(field: str, message: str, messages: dict, sources: list[str]) -> bool:
    reads = re.compile(rf"(\.|->)(has_)?{field}(_size)?\(")
    names = [message, *ALIASES.get(message, [])]
    hands = re.compile(
        "|".join([*(rf"\b{name}\b" for name in names), *(rf"\b{holder}\(" for holder in holders(messages, message))])
    )
    return any(reads.search(text) and hands.search(text) for text in sources)


def unread(messages: dict, sources: list[str]) -> list[str]:
    return [
        f"{message.name}.{field.name}"
        for message in messages.values()
        for field in message.field
        if not is_read(field.name, message.name, messages, sources)
    ]


def test_every_declared_knob_is_read(messages, sources):
    assert len(messages) > 20 and {"Server", "Listener", "Model", "MethodOptions"} <= set(messages)
    assert "\n".join(unread(messages, sources)) == "", (
        "declared and read nowhere in src/: build it, or do not declare it"
    )


def test_a_knob_that_nobody_reads_is_found(messages, sources):
    listener = descriptor_pb2.DescriptorProto(name="Listener")
    listener.field.add(name="shadow_knob")  # nowhere
    listener.field.add(name="chores_max")  # read, of another message that no such file has in hand
    only_workers = [text for text in sources if "chores_max(" in text and "listener" not in text.lower()]
    assert unread({"Listener": listener}, only_workers) == ["Listener.shadow_knob", "Listener.chores_max"]
