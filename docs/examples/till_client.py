"""售票：一位持证人和一名同行人，一次刷卡。 A till: sell to one holder and one companion, then print the receipt.

TONGKA_TOKEN=… python3 till_client.py out/terminal/api.sock
"""

import http.client
import json
import os
import socket
import sys


class Terminal(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(sys.argv[1])

    def ask(self, method, address, body=None):
        token = {"Authorization": f"Bearer {os.environ['TONGKA_TOKEN']}", "Accept-Language": "zh-CN"}
        headers = {**token, "Content-Type": "application/json"} if body else token
        self.request(method, f"/v1{address}", json.dumps(body) if body else None, headers)
        answer = self.getresponse()
        said = json.load(answer)
        if answer.status >= 400:
            sys.exit(f"{said['code']} {said['cause']} {said['next_step']}")
        return said


terminal = Terminal("localhost")
sale = terminal.ask("POST", "/sales", {"lines": [{"companions": 1}]})
print("请刷卡 Tap, please", flush=True)
while sale["waiting"] and sale["phase"] == "open":  # ends by itself: a sale left alone is cancelled
    sale = terminal.ask("GET", f"/sales/{sale['id']}?seen={sale['revision']}&wait=20")
    if sale["last"]:
        print(sale["last"]["bystander"]["zh"], flush=True)
print(f"应收 {sale['totals']['to_pay'] / 100:.2f} 元")  # take the money now; on failure POST …/cancel
terminal.ask("POST", f"/sales/{sale['id']}/confirm")
for line in (line for line in sale["lines"] if line["outcome"].startswith("granted")):
    print(terminal.ask("GET", f"/taps/{line['number']}/receipt")["text"])
