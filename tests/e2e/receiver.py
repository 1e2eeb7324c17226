"""An HTTP server of the test's own, for what a server under test sends."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable
from email.message import Message


class Receiver:
    """Answers every POST with 200, after `take` got its path, headers and body. `tls`: over TLS."""

    def __init__(
        self, take: Callable[[str, Message, bytes], None] = lambda *_: None, tls: ssl.SSLContext | None = None
    ):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                take(self.path, self.headers, self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}"
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
