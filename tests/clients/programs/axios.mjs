// axios with the vendor's host in the code, as many nodes and scripts have it: upload by policy,
// create, poll, download. axios finds HTTPS_PROXY by itself. Reads KEY, PICTURE and OUT; prints one
// line of JSON.
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import axios from "axios";

const { KEY, PICTURE, OUT } = process.env;
const MODEL = "wan2.2-i2v-flash";
const service = axios.create({
  baseURL: "https://dashscope.aliyuncs.com/api/v1",
  headers: { Authorization: `Bearer ${KEY}` },
});

async function uploaded() {
  const { data } = (await service.get("/uploads", { params: { action: "getPolicy", model: MODEL } }))
    .data;
  const key = `${data.upload_dir}/first.png`;
  await axios.postForm(data.upload_host, {
    OSSAccessKeyId: data.oss_access_key_id,
    Signature: data.signature,
    policy: data.policy,
    "x-oss-object-acl": data.x_oss_object_acl,
    "x-oss-forbid-overwrite": data.x_oss_forbid_overwrite,
    key,
    success_action_status: "200",
    file: createReadStream(PICTURE),
  });
  return `oss://${key}`;
}

async function flow() {
  const body = {
    model: MODEL,
    input: { prompt: "a cat", img_url: await uploaded() },
    parameters: { resolution: "480P", duration: 5 },
  };
  const headers = { "X-DashScope-Async": "enable", "X-DashScope-OssResourceResolve": "enable" };
  const path = "/services/aigc/video-generation/video-synthesis";
  const { task_id: task } = (await service.post(path, body, { headers })).data.output;
  for (let polls = 0; polls < 8; polls += 1) {
    const { output } = (await service.get(`/tasks/${task}`)).data;
    if (output.task_status === "SUCCEEDED") return fetched(output.video_url);
    const end = [output.task_status, output.code].filter(Boolean).join(" ");
    if (/FAILED|UNKNOWN/.test(end)) return { end };
    await pause(200);
  }
  return { end: "gave up" };
}

async function fetched(url) {
  const clip = await axios.get(url, { responseType: "arraybuffer", validateStatus: () => true });
  if (clip.status === 200) await writeFile(OUT, clip.data);
  return { end: "SUCCEEDED", download: String(clip.status) };
}

function end(error) {
  const { status, data } = error.response ?? {};
  return { end: status ? `${status} ${data?.code ?? ""}`.trim() : (error.code ?? error.message) };
}

console.log(JSON.stringify({ version: axios.VERSION, ...(await flow().catch(end)) }));
