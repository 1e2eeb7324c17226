"""Streams that are open while things fail. Each goes on where it was cut: every frame gets its one right answer."""

from __future__ import annotations

import queue
import threading
import time

import grpc
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect


class Stream:
    """Sends a frame every `interval` seconds, after the answer to the one before, and connects again when it is cut."""

    def __init__(self, address: str, protos, picture: bytes, interval: float = 0.1):
        self.address, self.protos, self.interval = address, protos, interval
        self.frame = protos.images.RecognizeRequest(image=picture)
        self.answered = self.cut = 0
        self.errors: list[str] = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while not self.stopped.is_set():
            if not self._one():
                self.cut += 1
                self.stopped.wait(0.1)

    def _take(self, answer, sequence: int) -> None:
        if answer.sequence != sequence or answer.HasField("error") or len(answer.faces) != 1:
            self.errors.append(f"frame {self.answered}, number {sequence} of its stream: {answer}")
        self.answered += 1
        self.stopped.wait(self.interval)

    def _one(self) -> bool:
        """One connection; false: it was cut."""
        raise NotImplementedError

    def goes_on(self) -> None:
        """Fails if no frame is answered any more."""
        before = self.answered
        wait_until(lambda: self.answered > before)

    def stop(self) -> None:
        self.stopped.set()
        self.thread.join(60)


class GrpcStream(Stream):
    def _one(self) -> bool:
        frames: queue.SimpleQueue = queue.SimpleQueue()
        with grpc.insecure_channel(self.address) as channel:
            stub = self.protos.images_grpc.ImageRecognitionStub(channel)
            call = stub.StreamRecognize(iter(frames.get, None), metadata=[("x-sluice-class", "batch")])
            try:
                sequence = 0
                while not self.stopped.is_set():
                    frames.put(self.frame)
                    self._take(next(call), sequence)
                    sequence += 1
                return True
            except (grpc.RpcError, StopIteration):
                return False
            finally:
                frames.put(None)


class WebSocketStream(Stream):
    def _one(self) -> bool:
        url = f"ws://{self.address}/api/v1/recognize/stream"
        try:
            with connect(url, additional_headers={"X-Sluice-Class": "batch"}, close_timeout=1) as socket:
                sequence = 0
                while not self.stopped.is_set():
                    socket.send(self.frame.SerializeToString())
                    message = socket.recv(timeout=20)
                    self._take(self.protos.images.RecognizeResponse.FromString(message), sequence)
                    sequence += 1
                return True
        except (WebSocketException, OSError, TimeoutError):
            return False


def wait_until(what, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, what
        time.sleep(0.1)
