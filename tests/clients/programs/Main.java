// Java's own HttpClient, run from source: upload by policy, create, poll, download.
// Reads BASE_URL, KEY, PICTURE and OUT; prints one line of JSON.

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Main {
    static final String MODEL = "wan2.2-i2v-flash";
    static final String BASE = System.getenv("BASE_URL");
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    record Outcome(String end, String download) {}

    public static void main(String[] arguments) throws Exception {
        Outcome outcome;
        try {
            outcome = flow();
        } catch (IOException error) {
            outcome = new Outcome(error.getClass().getSimpleName(), "");
        }
        System.out.printf(
            "{\"version\": \"%s\", \"end\": \"%s\", \"download\": \"%s\"}%n",
            System.getProperty("java.version"), outcome.end(), outcome.download());
    }

    static Outcome flow() throws IOException, InterruptedException {
        HttpResponse<String> created = create(upload());
        String task = field(created.body(), "task_id");
        if (created.statusCode() != 200) {
            return new Outcome(created.statusCode() + " " + field(created.body(), "code"), "");
        }
        String state = "";
        for (int polls = 0; polls < 8 && !state.contains("video_url"); polls++) {
            HttpResponse<String> answer = send(request("/tasks/" + task).GET());
            state = answer.body();
            if (answer.statusCode() != 200) {
                return new Outcome(answer.statusCode() + " " + field(state, "code"), "");
            }
            String status = field(state, "task_status");
            if (status.equals("FAILED") || status.equals("UNKNOWN")) {
                return new Outcome((status + " " + field(state, "code")).strip(), "");
            }
            Thread.sleep(200);
        }
        return state.contains("video_url") ? download(field(state, "video_url"))
            : new Outcome("gave up", "");
    }

    static Outcome download(String url) throws IOException, InterruptedException {
        HttpResponse<byte[]> clip = CLIENT.send(
            HttpRequest.newBuilder(URI.create(url)).build(),
            HttpResponse.BodyHandlers.ofByteArray());
        if (clip.statusCode() == 200) {
            Files.write(Path.of(System.getenv("OUT")), clip.body());
        }
        return new Outcome("SUCCEEDED", String.valueOf(clip.statusCode()));
    }

    static HttpResponse<String> create(String picture) throws IOException, InterruptedException {
        String body = "{\"model\": \"" + MODEL + "\", \"input\": {\"prompt\": \"a cat\", \"img_url\": \""
            + picture + "\"}, \"parameters\": {\"resolution\": \"480P\", \"duration\": 5}}";
        return send(request("/services/aigc/video-generation/video-synthesis")
            .header("Content-Type", "application/json")
            .header("X-DashScope-Async", "enable")
            .header("X-DashScope-OssResourceResolve", "enable")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    static String upload() throws IOException, InterruptedException {
        String policy = send(request("/uploads?action=getPolicy&model=" + MODEL).GET()).body();
        String key = field(policy, "upload_dir") + "/first.png";
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("OSSAccessKeyId", field(policy, "oss_access_key_id"));
        fields.put("Signature", field(policy, "signature"));
        fields.put("policy", field(policy, "policy"));
        fields.put("x-oss-object-acl", field(policy, "x_oss_object_acl"));
        fields.put("x-oss-forbid-overwrite", field(policy, "x_oss_forbid_overwrite"));
        fields.put("key", key);
        fields.put("success_action_status", "200");
        HttpResponse<String> stored = send(
            HttpRequest.newBuilder(URI.create(field(policy, "upload_host")))
                .header("Content-Type", "multipart/form-data; boundary=limit")
                .POST(HttpRequest.BodyPublishers.ofByteArray(form(fields))));
        if (stored.statusCode() != 200) {
            throw new IOException("upload " + stored.statusCode());
        }
        return "oss://" + key;
    }

    static byte[] form(Map<String, String> fields) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String head = "--limit\r\nContent-Disposition: form-data; name=\"";
        for (Map.Entry<String, String> field : fields.entrySet()) {
            bytes.write(utf8(head + field.getKey() + "\"\r\n\r\n" + field.getValue() + "\r\n"));
        }
        bytes.write(utf8(head + "file\"; filename=\"first.png\"\r\n\r\n"));
        bytes.write(Files.readAllBytes(Path.of(System.getenv("PICTURE"))));
        bytes.write(utf8("\r\n--limit--\r\n"));
        return bytes.toByteArray();
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(BASE + path))
            .header("Authorization", "Bearer " + System.getenv("KEY"));
    }

    static HttpResponse<String> send(HttpRequest.Builder request)
        throws IOException, InterruptedException {
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    static String field(String json, String name) {
        Matcher match = Pattern.compile("\"" + name + "\": *\"([^\"]*)\"").matcher(json);
        return match.find() ? match.group(1) : "";
    }
}
