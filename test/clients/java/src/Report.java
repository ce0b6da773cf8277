import java.util.Locale;

/** Counts the rows that the program gets, works on each, and reports them in one line of JSON. */
final class Report {
  private final Reading reading;
  private final long started = System.nanoTime();
  private long connected = started;
  private long rows;
  private long sum;
  private long first = started;
  private long last = started;
  private String error = "null";
  private String after = "null";
  private String afterError = "null";

  Report(Reading reading) {
    this.reading = reading;
  }

  /** The connection is open. The statement follows at once. */
  void connected() {
    connected = System.nanoTime();
  }

  /** Takes a row by its first column. Returns whether further rows are wanted. */
  boolean take(long value) {
    last = System.nanoTime();
    if (rows == 0) first = last;
    rows++;
    sum += value;
    if (rows == reading.stopAfter()) return false;
    work();
    return true;
  }

  /** Sleeps, or keeps the processor busy if the time is too short for a sleep. */
  private void work() {
    if (reading.workMs() >= 1) {
      try {
        Thread.sleep((long) reading.workMs());
      } catch (InterruptedException impossible) {
        throw new IllegalStateException(impossible);
      }
    } else if (reading.workMs() > 0) {
      long end = System.nanoTime() + (long) (reading.workMs() * 1e6);
      while (System.nanoTime() < end) Thread.onSpinWait();
    }
  }

  void failed(int code, String sqlState, String message) {
    error = String.format("{\"code\":%d,\"sqlState\":%s,\"message\":%s}", code, quoted(sqlState), quoted(message));
  }

  void answered(long answer, long connectionId) {
    after = String.format("{\"answer\":%d,\"connectionId\":%d}", answer, connectionId);
  }

  void answerFailed(String message) {
    afterError = quoted(String.valueOf(message));
  }

  void print() {
    double statementSeconds = Math.max(0, last - connected) / 1e9;
    System.out.printf(Locale.ROOT,
        "{\"rows\":%d,\"sum\":%d,\"error\":%s,\"after\":%s,\"afterError\":%s,"
            + "\"seconds\":%.6f,\"statementSeconds\":%.6f,\"connectMs\":%.3f}%n",
        rows, sum, error, after, afterError, (last - first) / 1e9, statementSeconds, (connected - started) / 1e6);
  }

  private static String quoted(String text) {
    if (text == null) return "null";
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n").replace("\r", "\\r") + '"';
  }
}
