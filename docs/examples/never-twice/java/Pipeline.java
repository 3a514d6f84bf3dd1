import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes one clip: {@code java Pipeline.java JOB PROMPT PICTURE_URL}. Run it again and it continues.
 *
 * <p>Exit codes: 0 the clip is here, 1 it failed and cost nothing, 4 a person must look. One
 * pipeline at a time may use a key and a model: a lost task is found by what is new in the list.
 * The few fields it needs are read with patterns, because the JDK reads no JSON; yours has a library.
 */
public final class Pipeline {
  private static final Map<String, String> ENV = System.getenv();
  private static final String BASE =
      ENV.getOrDefault("DASHSCOPE_HTTP_BASE_URL", "https://dashscope.aliyuncs.com/api/v1");
  private static final String MODEL = "wan2.5-i2v-preview";
  private static final Path FOLDER = Path.of(ENV.getOrDefault("PIPELINE_FOLDER", "jobs"));
  private static final long PACE = // milliseconds between two questions
      (long) (1000 * Double.parseDouble(ENV.getOrDefault("PIPELINE_PACE", "10")));
  private static final Set<Integer> SURELY_REFUSED = Set.of(400, 401, 403, 404, 429);
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** How far a job is: new, sending, sent, done or failed, and what is known of it then. */
  record State(String name, String task, Set<String> before, String reason) {
    static State of(String name, String task) {
      return new State(name, task, Set.of(), "");
    }
  }

  /** The program does not know whether money was spent: a person must look. */
  static final class Person extends RuntimeException {
    private static final long serialVersionUID = 1;

    Person(String reason) {
      super(reason);
    }
  }

  public static void main(String[] words) throws Exception {
    try {
      System.exit(run(words[0], words[1], words[2]));
    } catch (Person reason) {
      System.err.println(reason.getMessage());
      System.exit(4);
    }
  }

  private static int run(String job, String prompt, String picture) throws Exception {
    Files.createDirectories(FOLDER);
    State state = read(job);
    while (!Set.of("done", "failed").contains(state.name())) {
      state =
          switch (state.name()) {
            case "new" -> create(job, prompt, picture);
            case "sending" -> find(job, state);
            default -> poll(job, state.task());
          };
    }
    System.out.println(state);
    return state.name().equals("done") ? 0 : 1;
  }

  /** Send the one request that costs money. What is new in the list afterwards may be its task. */
  private static State create(String job, String prompt, String picture) throws Exception {
    State sending = write(job, new State("sending", "", listed(), ""));
    String body =
        "{\"model\": %s, \"input\": {\"prompt\": %s, \"img_url\": %s}}"
            .formatted(quoted(MODEL), quoted(prompt), quoted(picture));
    HttpRequest request =
        request(BASE + "/services/aigc/video-generation/video-synthesis", 60)
            .header("X-DashScope-Async", "enable")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build();
    HttpResponse<String> answer;
    try {
      answer = HTTP.send(request, BodyHandlers.ofString());
    } catch (IOException lost) {
      return find(job, sending); // the answer is lost; the task may not be
    }
    if (SURELY_REFUSED.contains(answer.statusCode())) {
      return refused(job, answer);
    }
    String task = field(answer.body(), "task_id");
    boolean complete = answer.statusCode() == 200 && answer.body().strip().endsWith("}");
    return complete && task != null ? write(job, State.of("sent", task)) : find(job, sending);
  }

  /** Nothing was accepted. Too many requests: try later; anything else is our fault. */
  private static State refused(String job, HttpResponse<String> answer) throws Exception {
    if (answer.statusCode() != 429) {
      return write(job, new State("failed", "", Set.of(), answer.body()));
    }
    Thread.sleep(PACE);
    return write(job, State.of("new", ""));
  }

  /** Search the list for the task of a lost answer. Never send the request again. */
  private static State find(String job, State sending) throws Exception {
    Set<String> known = new HashSet<>(sending.before());
    try (var files = Files.newDirectoryStream(FOLDER, "*.job")) {
      for (Path file : files) {
        known.add(read(file.getFileName().toString().replace(".job", "")).task());
      }
    }
    for (int tries = 0; tries < 12; tries++) { // the list may lag
      Set<String> fresh = listed();
      fresh.removeAll(known);
      if (fresh.size() == 1) {
        return write(job, State.of("sent", fresh.iterator().next()));
      }
      Thread.sleep(PACE);
    }
    throw new Person("no single new task in the list for " + job + "; see the service's console");
  }

  private static State poll(String job, String task) throws Exception {
    String answer = ask("/tasks/" + task);
    switch (String.valueOf(field(answer, "task_status"))) {
      case "SUCCEEDED":
        return download(job, task, field(answer, "video_url"));
      case "FAILED":
      case "CANCELED":
        return write(job, new State("failed", task, Set.of(), answer));
      case "UNKNOWN":
        throw new Person("task " + task + " is older than a day; it may have been paid");
      default:
        Thread.sleep(PACE);
        return read(job);
    }
  }

  /** Store the clip under its name only when all of it is here. No key goes to the storage. */
  private static State download(String job, String task, String url) throws Exception {
    Path clip = FOLDER.resolve(job + ".mp4");
    Path part = FOLDER.resolve(job + ".mp4.part");
    HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
    try {
      if (HTTP.send(request, BodyHandlers.ofFile(part)).statusCode() != 200) {
        throw new IOException("the storage refuses");
      }
    } catch (IOException later) {
      Thread.sleep(PACE);
      return read(job); // the next question gives a fresh link
    }
    Files.move(part, clip, StandardCopyOption.REPLACE_EXISTING);
    return write(job, State.of("done", task));
  }

  /** A question costs nothing, so it may be asked until there is an answer. */
  private static String ask(String question) throws InterruptedException {
    for (int tries = 0; tries < 20; tries++) {
      try {
        HttpRequest request = request(BASE + question, 30).build();
        HttpResponse<String> answer = HTTP.send(request, BodyHandlers.ofString());
        if (answer.statusCode() == 200 && answer.body().strip().endsWith("}")) {
          return answer.body();
        }
      } catch (IOException again) {
        // no answer, or half of one
      }
      Thread.sleep(PACE);
    }
    throw new Person("the service does not answer " + question);
  }

  /** The tasks of this model and key in the last 24 hours. */
  private static Set<String> listed() throws InterruptedException {
    String answer = ask("/tasks?page_size=100&model_name=" + MODEL);
    Set<String> tasks = new LinkedHashSet<>();
    Matcher matcher = Pattern.compile("\"task_id\"\\s*:\\s*\"([^\"]+)\"").matcher(answer);
    while (matcher.find()) {
      tasks.add(matcher.group(1));
    }
    return tasks;
  }

  private static HttpRequest.Builder request(String address, int seconds) {
    return HttpRequest.newBuilder(URI.create(address))
        .timeout(Duration.ofSeconds(seconds))
        .header("Authorization", "Bearer " + ENV.get("DASHSCOPE_API_KEY"));
  }

  /** A text field of a JSON text; null where there is none. */
  private static String field(String json, String name) {
    Matcher matcher =
        Pattern.compile("\"" + name + "\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
    return matcher.find() ? matcher.group(1).replace("\\/", "/") : null;
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (char sign : text.toCharArray()) {
      boolean plain = sign >= ' ' && sign != '"' && sign != '\\';
      quoted.append(plain ? String.valueOf(sign) : "\\u%04x".formatted((int) sign));
    }
    return quoted.append('"').toString();
  }

  /** Note how far a job is. It is on the disk before this returns. */
  private static State write(String job, State state) throws IOException {
    Path part = FOLDER.resolve(job + ".job.part");
    List<String> lines =
        List.of(state.name(), state.task(), String.join(",", state.before()),
            state.reason().replaceAll("\\s+", " "));
    byte[] text = String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
    try (FileChannel file =
        FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      file.write(ByteBuffer.wrap(text));
      file.force(true);
    }
    Files.move(part, FOLDER.resolve(job + ".job"), StandardCopyOption.ATOMIC_MOVE);
    return state;
  }

  private static State read(String job) throws IOException {
    Path file = FOLDER.resolve(job + ".job");
    if (!Files.exists(file)) {
      return State.of("new", "");
    }
    String[] lines = Files.readString(file).split("\n", -1);
    return new State(lines[0], lines[1], Set.of(lines[2].split(",")), lines[3]);
  }
}
