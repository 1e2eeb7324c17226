"""An HTTP server of the test's own, for what a server under test sends."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable
from email.message import Message


class Receiver:
    """Answers every POST with 200, after `take` got its path, headers and body."""

    def __init__(self, take: Callable[[str, Message, bytes], None] = lambda *_: None):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                take(self.path, self.headers, self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
