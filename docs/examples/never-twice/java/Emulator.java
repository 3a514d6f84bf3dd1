import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The emulator for tests: one server, and an account of its own for each test. */
final class Emulator implements AutoCloseable {
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Process server;
  private final String ready;

  /** Start the server and wait until it is ready. It ends with this process. */
  Emulator() throws IOException {
    // The command of the light package is wanx-mock.
    String command = System.getenv().getOrDefault("EMULATOR", "wanx-mock-server");
    ProcessBuilder builder =
        new ProcessBuilder(command, "--clock", "auto", "--clips", "tiny", "--end-with-stdin");
    server = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    ready = new BufferedReader(new InputStreamReader(server.getInputStream())).readLine();
  }

  Account account(String name) {
    return new Account(name);
  }

  private String announced(String field) {
    Matcher matcher = Pattern.compile("\"" + field + "\": \"([^\"]*)\"").matcher(ready);
    if (!matcher.find()) {
      throw new IllegalStateException(ready);
    }
    return matcher.group(1);
  }

  @Override
  public void close() throws IOException {
    server.getOutputStream().close();
  }

  /** One account; faults and time are its own. */
  final class Account {
    final String name;

    Account(String name) {
      this.name = name;
    }

    Map<String, String> environment() {
      return Map.of(
          "DASHSCOPE_HTTP_BASE_URL", announced("base_url"),
          "DASHSCOPE_API_KEY", "sk-mock-" + name,
          "NO_PROXY", "127.0.0.1");
    }

    /** Such as {@code on=create nth=1 effect=reset stage=after}, for this account alone. */
    void fault(String line) throws Exception {
      call("POST", "faults", "[\"account=%s %s\"]".formatted(name, line));
    }

    /** Let seconds pass for this account alone. */
    void advance(long seconds) throws Exception {
      call("POST", "clock", "{\"account\": \"%s\", \"advance\": %d}".formatted(name, seconds));
    }

    /** How many tasks with this prompt were accepted; an empty prompt counts all. */
    int tasks(String prompt) throws Exception {
      String ledger = call("GET", "ledger?account=" + name, null);
      String row = "\"task_id\": ?\"[^\"]+\", ?\"model\": ?\"[^\"]+\", ?\"prompt\": ?\"";
      Matcher matcher = Pattern.compile(row + Pattern.quote(prompt)).matcher(ledger);
      return (int) matcher.results().count();
    }

    boolean paidTwice() throws Exception {
      return !call("GET", "ledger?account=" + name, null)
          .replace(" ", "")
          .contains("\"paid_twice\":[]");
    }

    private String call(String method, String path, String body) throws Exception {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(announced("admin") + "/" + path))
              .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
              .build();
      HttpResponse<String> answer = HTTP.send(request, BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new IOException(path + ": " + answer.body());
      }
      return answer.body();
    }
  }
}
