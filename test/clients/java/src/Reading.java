import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The command line of every program here:
 * DRIVER MODE HOST PORT USER PASSWORD SCHEMA SQL [WORK_MS [STOP_AFTER]].
 *
 * <p>DRIVER is the module whose class path is used, for r2dbc the driver's own name. A HOST that begins with a slash is
 * the path of a Unix socket. WORK_MS is the work on each row (0 by default), STOP_AFTER the number of rows after which
 * reading stops (0: never). READ_OPTIONS in the environment holds further options of the connection, as a URL would:
 * name=value&name=value.
 */
record Reading(
    String driver, String mode, String host, int port, String user, String password, String schema, String sql,
    double workMs, long stopAfter) {

  static Reading of(String[] args) {
    return new Reading(
        args[0], args[1], args[2], Integer.parseInt(args[3]), args[4], args[5], args[6], args[7],
        args.length > 8 ? Double.parseDouble(args[8]) : 0, args.length > 9 ? Long.parseLong(args[9]) : 0);
  }

  boolean isStreaming() {
    return mode.endsWith("streaming");
  }

  boolean isPrepared() {
    return mode.startsWith("prepared");
  }

  boolean isSocket() {
    return host.startsWith("/");
  }

  /** The options of READ_OPTIONS. */
  static Map<String, String> options() {
    Map<String, String> options = new LinkedHashMap<>();
    String given = System.getenv("READ_OPTIONS");
    if (given == null || given.isEmpty()) return options;
    for (String pair : given.split("&")) {
      String[] parts = pair.split("=", 2);
      options.put(parts[0], parts[1]);
    }
    return options;
  }
}
