// Node's own fetch and FormData, nothing else: upload by policy, create, poll, download.
// Reads BASE_URL, KEY, PICTURE and OUT; prints one line of JSON.
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const { BASE_URL, KEY, PICTURE, OUT } = process.env;
const MODEL = "wan2.2-i2v-flash";
const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };

async function uploaded() {
  const answer = await fetch(`${BASE_URL}/uploads?action=getPolicy&model=${MODEL}`, { headers });
  const { data } = await answer.json();
  const key = `${data.upload_dir}/first.png`;
  const form = new FormData();
  form.set("OSSAccessKeyId", data.oss_access_key_id);
  form.set("Signature", data.signature);
  form.set("policy", data.policy);
  form.set("x-oss-object-acl", data.x_oss_object_acl);
  form.set("x-oss-forbid-overwrite", data.x_oss_forbid_overwrite);
  form.set("key", key);
  form.set("success_action_status", "200");
  form.set("file", new Blob([await readFile(PICTURE)]), "first.png");
  const stored = await fetch(data.upload_host, { method: "POST", body: form });
  if (stored.status !== 200) throw new Error(`upload ${stored.status}`);
  return `oss://${key}`;
}

async function created(picture) {
  return fetch(`${BASE_URL}/services/aigc/video-generation/video-synthesis`, {
    method: "POST",
    headers: {
      ...headers,
      "X-DashScope-Async": "enable",
      "X-DashScope-OssResourceResolve": "enable",
    },
    body: JSON.stringify({
      model: MODEL,
      input: { prompt: "a cat", img_url: picture },
      parameters: { resolution: "480P", duration: 5 },
    }),
  });
}

async function ended(task) {
  for (let polls = 0; polls < 8; polls += 1) {
    const answer = await fetch(`${BASE_URL}/tasks/${task}`, { headers });
    const { output, code } = await answer.json();
    if (!answer.ok) return { task_status: `${answer.status} ${code}` };
    if (["SUCCEEDED", "FAILED", "UNKNOWN"].includes(output.task_status)) return output;
    await pause(200);
  }
  return { task_status: "gave up" };
}

async function flow() {
  const answer = await created(await uploaded());
  const { output, code } = await answer.json();
  if (!answer.ok) return { end: `${answer.status} ${code ?? ""}`.trim() };
  const last = await ended(output.task_id);
  const end = [last.task_status, last.code].filter(Boolean).join(" ");
  if (!last.video_url) return { end };
  const clip = await fetch(last.video_url);
  if (clip.ok) await writeFile(OUT, Buffer.from(await clip.arrayBuffer()));
  return { end, download: String(clip.status) };
}

const report = await flow().catch((error) => ({ end: error.cause?.code ?? error.message }));
console.log(JSON.stringify({ version: process.versions.node, ...report }));
