"""Clients that call in a closed loop and check every answer, for tests in which something is taken away from them."""

from __future__ import annotations

import threading
import time
import uuid

import grpc
import requests


class Checks:
    """Calls that return what was wrong with their answer, or None; over a session of requests or a gRPC channel."""

    def __init__(self, address: str, texts, protos, sample: bytes, headers: dict[str, str] | None = None):
        self.address, self.texts, self.protos, self.sample = address, texts, protos, sample
        self.headers = headers or {}

    def _metadata(self, request_id: str) -> list[tuple[str, str]]:
        return [("x-request-id", request_id), *((name.lower(), value) for name, value in self.headers.items())]

    def picture_grpc(self, session, channel, request_id: str) -> str | None:
        request = self.protos.images.RecognizeRequest(image=self.sample)
        stub = self.protos.images_grpc.ImageRecognitionStub(channel)
        answer = stub.Recognize(request, timeout=20, metadata=self._metadata(request_id))
        return None if len(answer.faces) == 1 else str(answer)

    def text_grpc(self, session, channel, request_id: str) -> str | None:
        stub = self.texts.stub(channel)
        answer = stub.Classify(self.texts.request, timeout=20, metadata=self._metadata(request_id))
        return None if answer.results[0].label == "体育" else str(answer)

    def text_rest(self, session, channel, request_id: str) -> str | None:
        url = f"http://{self.address}/api/v1/classify"
        headers = {"X-Request-ID": request_id, **self.headers}
        answer = session.post(url, json={"texts": ["足球比赛"]}, headers=headers, timeout=20)
        return None if answer.ok and answer.json()["results"][0]["label"] == "体育" else answer.text

    def picture_rest(self, session, channel, request_id: str) -> str | None:
        url = f"http://{self.address}/api/v1/recognize"
        headers = {"Content-Type": "image/jpeg", "X-Request-ID": request_id, **self.headers}
        answer = session.post(url, self.sample, headers=headers, timeout=20)
        return None if answer.ok and len(answer.json()["faces"]) == 1 else answer.text


class Clients:
    """Two over gRPC, two over REST, a picture or a text at a time, each call with an id of its own. `errors` has what
    came instead of the right answer, `times` how long each call took, by when it began."""

    def __init__(self, address: str, texts, protos, sample: bytes):
        self.address = address
        self.errors: list[str] = []
        self.times: list[tuple[float, float]] = []
        self.ids: list[str] = []
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        checks = Checks(address, texts, protos, sample)
        jobs = [checks.picture_grpc, checks.text_rest, checks.text_grpc, checks.picture_rest]
        self.threads = [threading.Thread(target=self._loop, args=[job]) for job in jobs]
        for thread in self.threads:
            thread.start()

    @property
    def calls(self) -> int:
        return len(self.times)

    @property
    def worst(self) -> float:
        return max(took for _, took in self.times)

    def _loop(self, job) -> None:
        with requests.Session() as session, grpc.insecure_channel(self.address) as channel:
            while not self.stopped.is_set():
                began, request_id = time.monotonic(), str(uuid.uuid4())
                try:
                    error = job(session, channel, request_id)
                except (grpc.RpcError, requests.RequestException) as exception:
                    error = str(exception)
                with self.lock:
                    self.times.append((began, time.monotonic() - began))
                    self.ids.append(request_id)
                    if error:
                        self.errors.append(f"{request_id}: {error}")

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()
