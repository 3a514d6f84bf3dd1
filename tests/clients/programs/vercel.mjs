// Vercel's AI SDK with its provider for Alibaba. Without BASE_URL the addresses are the provider's
// own, fetch goes through HTTPS_PROXY, and the SDK's own guard judges where results come from;
// with it the `download` option fetches, because the guard refuses loopback. The picture is an
// address, or with BYTES the file: the provider then sends bare Base64.
// Reads BASE_URL, KEY, PICTURE and OUT; prints one line of JSON.
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createAlibaba } from "@ai-sdk/alibaba";
import { createDownload, experimental_generateVideo as generateVideo } from "ai";

const { BASE_URL, BYTES, KEY, PICTURE, OUT, HTTPS_PROXY } = process.env;
const picture = BYTES ? await readFile(PICTURE) : "https://example.com/first.png";
const version = createRequire(import.meta.url)("ai/package.json").version;

async function proxied() {
  const { fetch, ProxyAgent } = await import("undici");
  const dispatcher = new ProxyAgent(HTTPS_PROXY);
  return (url, options) => fetch(url, { ...options, dispatcher });
}

async function fetched({ url }) {
  const answer = await fetch(url);
  if (!answer.ok) throw Object.assign(new Error("download"), { statusCode: answer.status });
  return { data: new Uint8Array(await answer.arrayBuffer()), mediaType: "video/mp4" };
}

const transport = BASE_URL ? undefined : await proxied();
const alibaba = createAlibaba({
  apiKey: KEY,
  videoBaseURL: BASE_URL?.replace("/api/v1", ""),
  fetch: transport,
});

// The error that stopped it, as deep as it lies: the SDK wraps what it has tried several times.
function end(error) {
  const last = error.lastError ?? error;
  const code = last.data?.code ?? last.cause?.code ?? last.cause?.cause?.code;
  if (last.name === "AI_DownloadError" || last.message === "download") {
    return { end: "SUCCEEDED", download: String(last.statusCode ?? last.message) };
  }
  if (last.statusCode) return { end: `${last.statusCode} ${code ?? ""}`.trim() };
  if (/timed out/.test(last.message)) return { end: "gave up" };
  // Of a task that failed the SDK shows the message, and no code.
  return { end: /generation failed/.test(last.message) ? "FAILED" : (code ?? last.message) };
}

async function flow() {
  const { video } = await generateVideo({
    model: alibaba.video("wan2.6-i2v-flash"),
    prompt: { image: picture, text: "a cat" },
    duration: 5,
    resolution: "1280x720",
    download: BASE_URL ? fetched : createDownload({ fetch: transport }),
    poll: { intervalMs: 200, timeoutMs: 6000 },
    providerOptions: { alibaba: { pollIntervalMs: 200, pollTimeoutMs: 6000 } },
  });
  await writeFile(OUT, video.uint8Array);
  return { end: "SUCCEEDED", download: "200" };
}

console.log(JSON.stringify({ version, ...(await flow().catch(end)) }));
