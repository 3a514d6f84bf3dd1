import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Whatever happens to the answer or to the pipeline, a clip is paid for once.
 *
 * <p>PIPELINE is the command to test: your own, if it takes a job, a prompt and the address of a
 * picture. Compile with {@code javac -d classes *.java}, run with {@code java -cp classes
 * NeverTwiceTest}. In JUnit each check is a method with {@code @Test}.
 */
public final class NeverTwiceTest {
  private static final String PROMPT = "a cat wakes on a roof";
  private static final List<String> LOST =
      List.of(
          "effect=reset stage=after",
          "effect=close stage=headers",
          "effect=truncated stage=after",
          "effect=html stage=after",
          "effect=error status=503 stage=after",
          "effect=error status=500 form=nested stage=after");
  private static Emulator.Account account;
  private static Path folder;
  private static int failures;

  interface Check {
    void run() throws Exception;
  }

  public static void main(String[] words) throws Exception {
    try (Emulator emulator = new Emulator()) {
      for (String fault : LOST) {
        check(emulator, "a lost answer: " + fault, () -> lostAnswer(fault));
      }
      check(emulator, "a lost answer and a list that lags", NeverTwiceTest::laggingList);
      check(emulator, "a killed pipeline continues", NeverTwiceTest::killed);
      check(emulator, "a pipeline that was dead for a day asks a person", NeverTwiceTest::deadForADay);
      check(emulator, "a finished job sends nothing", NeverTwiceTest::finished);
      check(emulator, "a refusal is tried again", NeverTwiceTest::refusal);
    }
    System.exit(failures == 0 ? 0 : 1);
  }

  private static void lostAnswer(String fault) throws Exception {
    account.fault("on=create nth=1 " + fault);
    int code = run();
    assertPaidOnce();
    assertEqual("exit code", 0, code);
    byte[] clip = Files.readAllBytes(folder.resolve("cat.mp4"));
    assertEqual("the clip's type", "ftyp", new String(clip, 4, 4, StandardCharsets.US_ASCII));
  }

  private static void laggingList() throws Exception {
    account.fault("on=create nth=1 effect=reset stage=after");
    account.fault("on=list times=2 effect=lag");
    int code = run();
    assertPaidOnce();
    assertEqual("exit code", 0, code);
  }

  private static void killed() throws Exception {
    account.fault("on=create nth=1 effect=never stage=after");
    runAndKill();
    int code = run();
    assertPaidOnce();
    assertEqual("exit code", 0, code);
  }

  private static void deadForADay() throws Exception {
    account.fault("on=create nth=1 effect=never stage=after");
    runAndKill();
    account.advance(25 * 3600);
    int code = run();
    assertPaidOnce();
    assertEqual("exit code", 4, code);
  }

  private static void finished() throws Exception {
    assertEqual("exit code", 0, run());
    assertEqual("exit code", 0, run());
    assertPaidOnce();
  }

  private static void refusal() throws Exception {
    account.fault("on=create times=2 status=429");
    int code = run();
    assertPaidOnce();
    assertEqual("exit code", 0, code);
  }

  private static Process begin() throws Exception {
    String classes = System.getProperty("java.class.path");
    String own = "java -cp " + classes + " Pipeline";
    String command = System.getenv().getOrDefault("PIPELINE", own);
    List<String> words = new ArrayList<>(List.of(command.split(" ")));
    words.addAll(List.of("cat", PROMPT, "https://example.com/roof.png"));
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().putAll(account.environment());
    builder.environment().put("PIPELINE_FOLDER", folder.toString());
    builder.environment().put("PIPELINE_PACE", "0.02");
    builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    return builder.start();
  }

  private static int run() throws Exception {
    Process pipeline = begin();
    if (!pipeline.waitFor(60, TimeUnit.SECONDS)) {
      pipeline.destroyForcibly();
    }
    return pipeline.waitFor();
  }

  /** Start the pipeline, and kill it between the service's acceptance and its answer. */
  private static void runAndKill() throws Exception {
    Process pipeline = begin();
    for (int tries = 0; tries < 1500 && account.tasks("") == 0; tries++) {
      Thread.sleep(20);
    }
    pipeline.destroyForcibly().waitFor();
  }

  private static void assertPaidOnce() throws Exception {
    assertEqual("tasks", 1, account.tasks(PROMPT));
    assertEqual("paid twice", false, account.paidTwice());
  }

  private static void assertEqual(String what, Object expected, Object actual) {
    if (!expected.equals(actual)) {
      throw new AssertionError(what + ": expected " + expected + ", got " + actual);
    }
  }

  private static void check(Emulator emulator, String name, Check check) throws Exception {
    account = emulator.account("test-" + name.hashCode());
    folder = Files.createTempDirectory("never-twice-");
    try {
      check.run();
      System.out.println("passed: " + name);
    } catch (AssertionError error) {
      failures++;
      System.out.println("FAILED: " + name + ": " + error.getMessage());
    }
  }
}
