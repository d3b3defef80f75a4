"""What an nginx block makes of requests. http_proxy.py NGINX BLOCK DIR: starts NGINX on a socket in DIR with the text of BLOCK in its
server, before an upstream that answers with what it was asked, and reads requests from stdin, one a line: METHOD TARGET [BODY].
Prints for each one line: METHOD TARGET [BODY] as the upstream got it, or the status where nothing got there.

Promises: one TCP port, of the loopback interface and chosen by the system, which takes the place of 3000 in BLOCK; ends what it started.
"""

import http.client
import http.server
import pathlib
import socket
import subprocess
import sys
import threading
import time


class Upstream(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        said = f"{self.command} {self.path} {body}".strip().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


def ask(path, method, target, body):
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    connection.request(method, target, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    return said if answer.status == 200 else str(answer.status)


def main(nginx, block, place):
    place = pathlib.Path(place)
    upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    block = pathlib.Path(block).read_text().replace("127.0.0.1:3000", f"127.0.0.1:{upstream.server_port}")
    temporary = " ".join(f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (place / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {place}/pid; error_log {place}/error.log; events {{ worker_connections 16; }}\n"
        f"http {{ access_log off; {temporary}\nserver {{ listen unix:{place}/s;\n{block}\n}} }}\n"
    )
    log = open(place / "nginx.log", "w")
    server = subprocess.Popen([nginx, "-p", place, "-e", place / "error.log", "-c", place / "nginx.conf"], stderr=log)
    try:
        for _ in range(50):
            if (place / "s").exists() or server.poll() is not None:
                break
            time.sleep(0.1)
        for line in sys.stdin:
            method, target, *body = line.rstrip("\n").split(" ", 2)
            print(ask(str(place / "s"), method, target, body[0] if body else None), flush=True)
    except OSError as error:
        sys.exit(f"{error}: {(place / 'nginx.log').read_text()}")
    finally:
        server.terminate()
        server.wait()


main(*sys.argv[1:])
