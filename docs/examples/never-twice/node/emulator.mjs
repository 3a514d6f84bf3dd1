// The emulator for tests: one server, and an account of its own for each test.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const COMMAND = process.env.EMULATOR ?? "wanx-mock-server"; // the light package: wanx-mock

// Start the server and wait until it is ready. It ends with this process.
export async function start() {
  const server = spawn(COMMAND, ["--clock", "auto", "--clips", "tiny", "--end-with-stdin"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(server, "spawn"); // fails where it is not installed; is it called wanx-mock? Set EMULATOR
  const [line] = await once(createInterface(server.stdout), "line");
  return { ...JSON.parse(line), stop: () => server.stdin.end() };
}

export class Account {
  constructor(server, name) {
    this.server = server;
    this.name = name;
    this.environment = {
      DASHSCOPE_HTTP_BASE_URL: server.base_url,
      DASHSCOPE_API_KEY: `sk-mock-${name}`,
      NO_PROXY: "127.0.0.1",
    };
  }

  async call(method, path, body) {
    const answer = await fetch(`${this.server.admin}/${path}`, { method, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return answer.json();
  }

  // For the requests of this account alone.
  addFaults(faults) {
    return this.call("POST", "faults", faults.map((fault) => ({ ...fault, account: this.name })));
  }

  // Let seconds pass for this account alone.
  advance(seconds) {
    return this.call("POST", "clock", { account: this.name, advance: seconds });
  }

  ledger() {
    return this.call("GET", `ledger?account=${this.name}`);
  }
}
