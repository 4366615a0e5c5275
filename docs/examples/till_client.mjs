// 售票：一位持证人和一名同行人，一次刷卡。 A till: holder, companion, one tap, confirm or cancel.
//
// TONGKA_TOKEN=… node till_client.mjs out/terminal/api.sock

import http from "node:http";
import { createInterface } from "node:readline/promises";

const token = { Authorization: `Bearer ${process.env.TONGKA_TOKEN}`, "Content-Type": "application/json" };

function ask(method, address, body) {
  return new Promise((resolve, reject) => {
    const to = { socketPath: process.argv[2], path: `/v1${address}`, method, headers: token, agent: false };
    const request = http.request({ ...to, timeout: 30_000 }, async (answer) => {
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
  console.log(sale.last ? sale.last.bystander.zh : "…");
}
const desk = createInterface({ input: process.stdin, output: process.stdout });
const toPay = (sale.totals.to_pay / 100).toFixed(2);
const paid = (await desk.question(`应收 ${toPay} 元。收款后按回车，不要了输入 x\n`)) !== "x";
desk.close();
sale = await ask("POST", `/sales/${sale.id}/${paid ? "confirm" : "cancel"}`);
for (const line of sale.lines.filter((line) => paid && line.outcome.startsWith("granted")))
  console.log((await ask("GET", `/taps/${line.number}/receipt`)).text);
