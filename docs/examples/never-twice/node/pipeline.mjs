// Make one clip: node pipeline.mjs JOB PROMPT PICTURE_URL. Run it again and it continues.
// Exit codes: 0 the clip is here, 1 it failed and cost nothing, 4 a person must look.
// One pipeline at a time may use a key and a model: a lost task is found by what is new in the list.

import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const BASE = process.env.DASHSCOPE_HTTP_BASE_URL ?? "https://dashscope.aliyuncs.com/api/v1";
const KEY = { Authorization: `Bearer ${process.env.DASHSCOPE_API_KEY}` };
const MODEL = "wan2.5-i2v-preview";
const FOLDER = process.env.PIPELINE_FOLDER ?? "jobs";
const PACE = 1000 * Number(process.env.PIPELINE_PACE ?? 10); // between two questions
const SURELY_REFUSED = [400, 401, 403, 404, 429];

// The program does not know whether money was spent: a person must look.
class Person extends Error {}

const fileOf = (job) => path.join(FOLDER, `${job}.json`);

// Note how far a job is. It is on the disk before this returns.
function write(job, state) {
  const part = `${fileOf(job)}.part`;
  fs.writeFileSync(part, JSON.stringify(state), { flush: true });
  fs.renameSync(part, fileOf(job));
  return state;
}

function read(job) {
  return fs.existsSync(fileOf(job)) ? JSON.parse(fs.readFileSync(fileOf(job), "utf8")) : { state: "new" };
}

// A question costs nothing, so it may be asked until there is an answer.
async function ask(question) {
  for (let tries = 0; tries < 20; tries += 1) {
    try {
      const answer = await fetch(BASE + question, { headers: KEY, signal: AbortSignal.timeout(30_000) });
      if (answer.status === 200) return await answer.json();
    } catch {
      // no answer, or half of one
    }
    await sleep(PACE);
  }
  throw new Person(`the service does not answer ${question}`);
}

// The tasks of this model and key in the last 24 hours.
async function listed() {
  const answer = await ask(`/tasks?page_size=100&model_name=${MODEL}`);
  return answer.data.map((row) => row.task_id);
}

// Send the one request that costs money. What is new in the list afterwards may be its task.
async function create(job, prompt, picture) {
  write(job, { state: "sending", before: await listed() });
  let answer;
  try {
    answer = await fetch(`${BASE}/services/aigc/video-generation/video-synthesis`, {
      method: "POST",
      headers: { ...KEY, "X-DashScope-Async": "enable", "Content-Type": "application/json" },
      body: JSON.stringify({ model: MODEL, input: { prompt, img_url: picture } }),
      signal: AbortSignal.timeout(60_000),
    });
    if (answer.status === 200) {
      const { output } = await answer.json();
      return write(job, { state: "sent", task: output.task_id });
    }
  } catch {
    return find(job); // the answer is lost; the task may not be
  }
  return SURELY_REFUSED.includes(answer.status) ? refused(job, answer) : find(job);
}

// Nothing was accepted. Too many requests: try later; anything else is our fault.
async function refused(job, answer) {
  if (answer.status !== 429) return write(job, { state: "failed", reason: await answer.text() });
  await sleep(PACE);
  return write(job, { state: "new" });
}

// Search the list for the task of a lost answer. Never send the request again.
async function find(job) {
  const jobs = fs.readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  const ours = jobs.map((name) => read(name.slice(0, -5)).task);
  const known = new Set([...read(job).before, ...ours]);
  for (let tries = 0; tries < 12; tries += 1) { // the list may lag
    const fresh = (await listed()).filter((task) => !known.has(task));
    if (fresh.length === 1) return write(job, { state: "sent", task: fresh[0] });
    await sleep(PACE);
  }
  throw new Person(`no single new task in the list for ${job}; see the console of the service`);
}

async function poll(job, task) {
  const { output } = await ask(`/tasks/${task}`);
  switch (output.task_status) {
    case "SUCCEEDED":
      return download(job, task, output.video_url);
    case "FAILED":
    case "CANCELED":
      return write(job, { state: "failed", reason: output.code ?? "canceled" });
    case "UNKNOWN":
      throw new Person(`task ${task} is older than a day; it may have been paid`);
    default:
      await sleep(PACE);
      return read(job);
  }
}

// Store the clip under its name only when all of it is here. No key goes to the storage.
async function download(job, task, url) {
  const clip = path.join(FOLDER, `${job}.mp4`);
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    if (!answer.ok) throw new Error(`${answer.status}`);
    fs.writeFileSync(`${clip}.part`, Buffer.from(await answer.arrayBuffer()));
  } catch {
    await sleep(PACE);
    return read(job); // the next question gives a fresh link
  }
  fs.renameSync(`${clip}.part`, clip);
  return write(job, { state: "done", task, clip });
}

async function run(job, prompt, picture) {
  fs.mkdirSync(FOLDER, { recursive: true });
  let state = read(job);
  while (!["done", "failed"].includes(state.state)) {
    if (state.state === "new") state = await create(job, prompt, picture);
    else if (state.state === "sending") state = await find(job);
    else state = await poll(job, state.task);
  }
  console.log(JSON.stringify(state));
  return state.state === "done" ? 0 : 1;
}

try {
  process.exitCode = await run(...process.argv.slice(2, 5));
} catch (reason) {
  if (!(reason instanceof Person)) throw reason;
  console.error(reason.message);
  process.exitCode = 4;
}
