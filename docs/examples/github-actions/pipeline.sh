#!/bin/sh
# A small pipeline: it creates a task, waits for it and downloads the clip. Needs curl alone.
set -eu
base=$DASHSCOPE_HTTP_BASE_URL
key="Authorization: Bearer $DASHSCOPE_API_KEY"

answer=$(curl -fsS "$base/services/aigc/video-generation/video-synthesis" \
    -H "$key" -H 'X-DashScope-Async: enable' -H 'Content-Type: application/json' \
    -d '{"model": "wan2.5-i2v-preview", "parameters": {"resolution": "480P", "duration": 5},
         "input": {"img_url": "https://example.com/cat.png", "prompt": "A cat wakes"}}')
task=$(printf '%s' "$answer" | sed 's/.*"task_id": *"\([^"]*\)".*/\1/')

while :; do
    answer=$(curl -fsS "$base/tasks/$task" -H "$key")
    case $answer in
        *'"SUCCEEDED"'*) break ;;
        *'"PENDING"'* | *'"RUNNING"'*) sleep 1 ;;
        *) printf '%s\n' "$answer" >&2 && exit 1 ;;
    esac
done

curl -fsS -o clip.mp4 "$(printf '%s' "$answer" | sed 's/.*"video_url": *"\([^"]*\)".*/\1/')"
test "$(head -c 8 clip.mp4 | tail -c 4)" = ftyp
