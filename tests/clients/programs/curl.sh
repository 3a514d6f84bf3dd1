#!/bin/sh
# curl: upload by policy, create, poll, download. Reads BASE_URL, KEY, PICTURE and OUT; prints one
# line of JSON.
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }
report() {
    version=$(curl --version | sed -n '1s/curl \([^ ]*\).*/\1/p')
    printf '{"version": "%s", "end": "%s", "download": "%s"}\n' "$version" "$1" "$2"
    exit 0
}
call() { curl -sS -H "Authorization: Bearer $KEY" "$@" || report "curl error $?"; }

model=wan2.2-i2v-flash
policy=$(call "$BASE_URL/uploads?action=getPolicy&model=$model") || report "no policy"
path="$(printf '%s' "$policy" | field upload_dir)/first.png"
curl -sS \
    -F "OSSAccessKeyId=$(printf '%s' "$policy" | field oss_access_key_id)" \
    -F "Signature=$(printf '%s' "$policy" | field signature)" \
    -F "policy=$(printf '%s' "$policy" | field policy)" \
    -F "x-oss-object-acl=$(printf '%s' "$policy" | field x_oss_object_acl)" \
    -F "x-oss-forbid-overwrite=$(printf '%s' "$policy" | field x_oss_forbid_overwrite)" \
    -F "key=$path" -F success_action_status=200 -F "file=@$PICTURE" \
    "$(printf '%s' "$policy" | field upload_host)" || report "no upload"

body="{\"model\": \"$model\", \"input\": {\"prompt\": \"a cat\", \"img_url\": \"oss://$path\"},
 \"parameters\": {\"resolution\": \"480P\", \"duration\": 5}}"
created=$(curl -sS -w '\n%{http_code}' "$BASE_URL/services/aigc/video-generation/video-synthesis" \
    -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \
    -H 'X-DashScope-Async: enable' -H 'X-DashScope-OssResourceResolve: enable' \
    -d "$body") || report "curl error $?"
task=$(printf '%s' "$created" | field task_id)
[ "$task" ] || report "$(printf '%s' "$created" | tail -1) $(printf '%s' "$created" | field code)"

for _ in 1 2 3 4 5 6 7 8; do
    state=$(curl -sS -H "Authorization: Bearer $KEY" "$BASE_URL/tasks/$task")
    case $(printf '%s' "$state" | field task_status) in
        SUCCEEDED) break ;;
        FAILED) report "FAILED $(printf '%s' "$state" | field code)" ;;
        UNKNOWN) report UNKNOWN ;;
    esac
    sleep 0.2
done
url=$(printf '%s' "$state" | field video_url)
[ "$url" ] || report "gave up"
status=$(curl -sS -o "$OUT.part" -w '%{http_code}' "$url")
[ "$status" = 200 ] && mv "$OUT.part" "$OUT"
report SUCCEEDED "$status"
