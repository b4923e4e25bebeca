"""Answers with the path of the file that http.server would open."""

import http.server
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        seen = self.translate_path(self.path)[len("/served"):] or "/"
        body = f"seen {seen}".encode(errors="surrogateescape")
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(
    ("127.0.0.1", int(sys.argv[1])),
    lambda *arguments: Handler(*arguments, directory="/served"),
).serve_forever()
