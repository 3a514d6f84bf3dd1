// What many pipelines do: three tries. It pays twice; never-twice.test.mjs shows when.

import { setTimeout as sleep } from "node:timers/promises";

const BASE = process.env.DASHSCOPE_HTTP_BASE_URL ?? "https://dashscope.aliyuncs.com/api/v1";
const KEY = { Authorization: `Bearer ${process.env.DASHSCOPE_API_KEY}` };
const PACE = 1000 * Number(process.env.PIPELINE_PACE ?? 10);
const [, prompt, picture] = process.argv.slice(2);

async function create() {
  for (let tries = 0; tries < 3; tries += 1) {
    try {
      const answer = await fetch(`${BASE}/services/aigc/video-generation/video-synthesis`, {
        method: "POST",
        headers: { ...KEY, "X-DashScope-Async": "enable", "Content-Type": "application/json" },
        body: JSON.stringify({ model: "wan2.5-i2v-preview", input: { prompt, img_url: picture } }),
      });
      if (answer.ok) return (await answer.json()).output.task_id;
    } catch {
      // try again
    }
    await sleep(PACE);
  }
  return process.exit(1);
}

const task = await create();
for (let status = "PENDING"; ["PENDING", "RUNNING"].includes(status); await sleep(PACE)) {
  const answer = await fetch(`${BASE}/tasks/${task}`, { headers: KEY });
  status = (await answer.json()).output.task_status;
}
