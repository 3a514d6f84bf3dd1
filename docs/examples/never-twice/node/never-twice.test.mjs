// Whatever happens to the answer or to the pipeline, a clip is paid for once.
// PIPELINE is the command to test: your own, if it takes a job, a prompt and the address of a picture.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Account, start } from "./emulator.mjs";

const PIPELINE = (process.env.PIPELINE ?? "node pipeline.mjs").split(" ");
const PROMPT = "a cat wakes on a roof";
const LOST = [
  { effect: "reset", stage: "after" },
  { effect: "close", stage: "headers" },
  { effect: "truncated", stage: "after" },
  { effect: "html", stage: "after" },
  { effect: "error", status: 503, stage: "after" },
  { effect: "error", status: 500, form: "nested", stage: "after" },
];
let server, account, folder;
let number = 0;

before(async () => { server = await start(); });
after(() => server.stop());
beforeEach(() => {
  account = new Account(server, `test-${number += 1}`);
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "never-twice-"));
});

function begin() {
  const [command, ...words] = [...PIPELINE, "cat", PROMPT, "https://example.com/roof.png"];
  const env = { ...process.env, ...account.environment, PIPELINE_FOLDER: folder, PIPELINE_PACE: "0.02" };
  return spawn(command, words, { env, cwd: import.meta.dirname, stdio: "ignore" });
}

async function run() {
  const pipeline = begin();
  const limit = setTimeout(() => pipeline.kill("SIGKILL"), 60_000);
  const [code] = await once(pipeline, "exit");
  clearTimeout(limit);
  return code;
}

// Start the pipeline, and kill it between the service's acceptance and its answer.
async function runAndKill() {
  const pipeline = begin();
  const ended = once(pipeline, "exit"); // it may end by itself before it is killed
  const deadline = Date.now() + 30_000;
  while ((await account.ledger()).submissions.length === 0 && Date.now() < deadline) await sleep(20);
  pipeline.kill("SIGKILL");
  await ended;
}

async function assertPaidOnce() {
  const { submissions, paid_twice } = await account.ledger();
  assert.deepEqual(paid_twice, []);
  assert.deepEqual(submissions.map((row) => row.prompt), [PROMPT]);
}

for (const fault of LOST) {
  test(`a lost answer: ${JSON.stringify(fault)}`, async () => {
    await account.addFaults([{ on: "create", nth: 1, ...fault }]);
    const code = await run();
    await assertPaidOnce();
    assert.equal(code, 0);
    assert.equal(fs.readFileSync(path.join(folder, "cat.mp4")).toString("latin1", 4, 8), "ftyp");
  });
}

test("a lost answer and a list that lags", async () => {
  await account.addFaults([
    { on: "create", nth: 1, effect: "reset", stage: "after" },
    { on: "list", times: 2, effect: "lag" },
  ]);
  const code = await run();
  await assertPaidOnce();
  assert.equal(code, 0);
});

test("a killed pipeline continues", async () => {
  await account.addFaults([{ on: "create", nth: 1, effect: "never", stage: "after" }]);
  await runAndKill();
  const code = await run();
  await assertPaidOnce();
  assert.equal(code, 0);
});

test("a pipeline that was dead for a day asks a person", async () => {
  await account.addFaults([{ on: "create", nth: 1, effect: "never", stage: "after" }]);
  await runAndKill();
  await account.advance(25 * 3600);
  const code = await run();
  await assertPaidOnce();
  assert.equal(code, 4);
});

test("a finished job sends nothing", async () => {
  assert.deepEqual([await run(), await run()], [0, 0]);
  await assertPaidOnce();
});

test("a refusal is tried again", async () => {
  await account.addFaults([{ on: "create", times: 2, status: 429 }]);
  const code = await run();
  await assertPaidOnce();
  assert.equal(code, 0);
});
