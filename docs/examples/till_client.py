"""售票：一位持证人和一名同行人，一次刷卡。 A till: holder, companion, one tap, confirm or cancel.

TONGKA_TOKEN=… python3 till_client.py out/terminal/api.sock
"""

import http.client
import json
import os
import socket
import sys

HEADERS = {"Authorization": f"Bearer {os.environ['TONGKA_TOKEN']}", "Content-Type": "application/json"}


class Terminal(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(sys.argv[1])

    def ask(self, method, address, body=None):
        self.request(method, f"/v1{address}", body and json.dumps(body), {**HEADERS, "Connection": "close"})
        said = json.load(answer := self.getresponse())
        if answer.status >= 400:
            sys.exit(f"{said['code']} {said['cause']} {said['next_step']}")
        return said


terminal = Terminal("localhost")
sale = terminal.ask("POST", "/sales", {"lines": [{"companions": 1}]})
print("请刷卡 Tap, please", flush=True)
while sale["waiting"] and sale["phase"] == "open":  # ends by itself: a sale left alone is cancelled
    sale = terminal.ask("GET", f"/sales/{sale['id']}?seen={sale['revision']}&wait=20")
    print(sale["last"]["bystander"]["zh"] if sale["last"] else "…", flush=True)
print(f"应收 {sale['totals']['to_pay'] / 100:.2f} 元。收款后按回车，不要了输入 x", flush=True)
paid = input() != "x"
sale = terminal.ask("POST", f"/sales/{sale['id']}/{'confirm' if paid else 'cancel'}")
for line in sale["lines"]:
    if paid and line["outcome"].startswith("granted"):
        print(terminal.ask("GET", f"/taps/{line['number']}/receipt")["text"])
