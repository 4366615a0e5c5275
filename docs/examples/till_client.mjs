// 售票：一位持证人和一名同行人，一次刷卡。 A till: sell to one holder and one companion, then print the receipt.
//
// TONGKA_TOKEN=… node till_client.mjs out/terminal/api.sock

import http from "node:http";

const token = { Authorization: `Bearer ${process.env.TONGKA_TOKEN}`, "Accept-Language": "zh-CN" };

function ask(method, address, body) {
  const headers = body ? { ...token, "Content-Type": "application/json" } : token;
  return new Promise((resolve, reject) => {
    const to = { socketPath: process.argv[2], path: `/v1${address}`, method, headers, timeout: 30_000 };
    const request = http.request(to, async (answer) => {
      let text = "";
      for await (const part of answer.setEncoding("utf8")) text += part;
      const said = JSON.parse(text);
      if (answer.statusCode < 400) resolve(said);
      else reject(new Error(`${said.code} ${said.cause} ${said.next_step}`));
    });
    request.on("error", reject).on("timeout", () => request.destroy(new Error("timeout")));
    request.end(body && JSON.stringify(body));
  });
}

let sale = await ask("POST", "/sales", { lines: [{ companions: 1 }] });
console.log("请刷卡 Tap, please");
while (sale.waiting.length && sale.phase === "open") {
  // Ends by itself: a sale that is left alone is cancelled.
  sale = await ask("GET", `/sales/${sale.id}?seen=${sale.revision}&wait=20`);
  if (sale.last) console.log(sale.last.bystander.zh);
}
console.log(`应收 ${(sale.totals.to_pay / 100).toFixed(2)} 元`); // take the money now; on failure POST …/cancel
await ask("POST", `/sales/${sale.id}/confirm`);
for (const line of sale.lines.filter((line) => line.outcome.startsWith("granted")))
  console.log((await ask("GET", `/taps/${line.number}/receipt`)).text);
