import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What many pipelines do: three tries. It pays twice; {@code NeverTwiceTest} shows when. */
public final class Naive {
  private static final String BASE = System.getenv("DASHSCOPE_HTTP_BASE_URL");
  private static final String KEY = "Bearer " + System.getenv("DASHSCOPE_API_KEY");
  private static final long PACE =
      (long) (1000 * Double.parseDouble(System.getenv().getOrDefault("PIPELINE_PACE", "10")));
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  public static void main(String[] words) throws Exception {
    String task = create(words[1], words[2]);
    String status = "PENDING";
    while (status.equals("PENDING") || status.equals("RUNNING")) {
      Thread.sleep(PACE);
      HttpRequest request = request("/tasks/" + task).build();
      status = field(HTTP.send(request, BodyHandlers.ofString()).body(), "task_status");
    }
  }

  private static String create(String prompt, String picture) throws Exception {
    String body =
        "{\"model\": \"wan2.5-i2v-preview\", \"input\": {\"prompt\": \"%s\", \"img_url\": \"%s\"}}"
            .formatted(prompt, picture);
    for (int tries = 0; tries < 3; tries++) {
      try {
        HttpRequest request =
            request("/services/aigc/video-generation/video-synthesis")
                .header("X-DashScope-Async", "enable")
                .POST(BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> answer = HTTP.send(request, BodyHandlers.ofString());
        if (answer.statusCode() == 200 && answer.body().endsWith("}")) {
          return field(answer.body(), "task_id");
        }
      } catch (IOException again) {
        // try again
      }
      Thread.sleep(PACE);
    }
    System.exit(1);
    return null;
  }

  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(BASE + path)).header("Authorization", KEY);
  }

  private static String field(String json, String name) {
    Matcher matcher = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"]*)\"").matcher(json);
    return matcher.find() ? matcher.group(1) : "";
  }
}
