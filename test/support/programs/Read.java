import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Read MODE HOST PORT USER PASSWORD SCHEMA SQL: reads a result row by row and says what it saw.
 * MODE: buffered, streaming, prepared-buffered, prepared-streaming.
 * With READ_COMPRESSED in the environment it compresses.
 */
public class Read {
  static String quoted(String text) {
    if (text == null) return "null";
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }

  static String asError(SQLException error) {
    return String.format("{\"code\":%d,\"sqlState\":%s,\"message\":%s}",
        error.getErrorCode(), quoted(error.getSQLState()), quoted(error.getMessage()));
  }

  public static void main(String[] args) {
    String mode = args[0];
    String sql = args[6];
    String url = "jdbc:mariadb://" + args[1] + ":" + args[2] + "/" + args[5] + "?useServerPrepStmts="
        + mode.startsWith("prepared") + "&allowPublicKeyRetrieval=true"
        + "&useCompression=" + (System.getenv("READ_COMPRESSED") != null)
        + (System.getenv("READ_OPTIONS") != null ? "&" + System.getenv("READ_OPTIONS") : "");
    long rows = 0;
    long sum = 0;
    String error = "null";
    String after = "null";
    String afterError = "null";
    try (Connection connection = DriverManager.getConnection(url, args[3], args[4])) {
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        // Row by row: a larger fetch size keeps the rows of a failing batch to itself.
        if (mode.endsWith("streaming")) statement.setFetchSize(1);
        try (ResultSet result = statement.executeQuery()) {
          while (result.next()) {
            rows++;
            sum += result.getLong(1);
          }
        }
      } catch (SQLException failure) {
        error = asError(failure);
      }
      try (Statement statement = connection.createStatement();
          ResultSet result = statement.executeQuery("SELECT 42, CONNECTION_ID()")) {
        result.next();
        after = String.format("{\"answer\":%d,\"connectionId\":%d}", result.getLong(1), result.getLong(2));
      } catch (SQLException failure) {
        afterError = quoted(failure.getMessage());
      }
    } catch (SQLException failure) {
      error = asError(failure);
    }
    System.out.printf("{\"rows\":%d,\"sum\":%d,\"error\":%s,\"after\":%s,\"afterError\":%s}%n",
        rows, sum, error, after, afterError);
  }
}
