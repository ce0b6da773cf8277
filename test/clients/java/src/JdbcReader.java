import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/** The parts that all programs with a JDBC driver share: the driver's options, and the reading of a result. */
final class JdbcReader {
  interface Connecting {
    Connection connect() throws SQLException;
  }

  private final Reading reading;
  private final boolean isMysql;

  JdbcReader(Reading reading) {
    this.reading = reading;
    isMysql = !reading.driver().startsWith("mariadb");
  }

  String url() {
    if (reading.isSocket() && isMysql) throw new IllegalArgumentException("Connector/J knows no Unix sockets");
    String place = reading.isSocket() ? "localhost" : reading.host() + ":" + reading.port();
    return "jdbc:" + (isMysql ? "mysql" : "mariadb") + "://" + place + "/" + reading.schema();
  }

  /** Without TLS unless READ_OPTIONS asks for it: a connection through a proxy then compares with a direct one. */
  Properties properties() {
    Properties properties = new Properties();
    properties.setProperty("user", reading.user());
    properties.setProperty("password", reading.password());
    properties.setProperty("sslMode", isMysql ? "DISABLED" : "disable");
    properties.setProperty("allowPublicKeyRetrieval", "true");
    properties.setProperty("useServerPrepStmts", String.valueOf(reading.isPrepared()));
    if (reading.isSocket()) properties.setProperty("localSocket", reading.host());
    Reading.options().forEach(properties::setProperty);
    return properties;
  }

  void read(Connecting connecting) {
    Report report = new Report(reading);
    try (Connection connection = connecting.connect()) {
      report.connected();
      try (PreparedStatement statement = connection.prepareStatement(reading.sql())) {
        // Row by row: MySQL's driver wants this very number, MariaDB's a small one.
        if (reading.isStreaming()) statement.setFetchSize(isMysql ? Integer.MIN_VALUE : 1);
        try (ResultSet result = statement.executeQuery()) {
          while (result.next() && report.take(result.getLong(1))) continue;
        }
      } catch (SQLException failure) {
        report.failed(failure.getErrorCode(), failure.getSQLState(), failure.getMessage());
      }
      try (Statement statement = connection.createStatement();
          ResultSet result = statement.executeQuery("SELECT 42, CONNECTION_ID()")) {
        result.next();
        report.answered(result.getLong(1), result.getLong(2));
      } catch (SQLException failure) {
        report.answerFailed(failure.getMessage());
      }
    } catch (SQLException failure) {
      report.failed(failure.getErrorCode(), failure.getSQLState(), failure.getMessage());
    }
    report.print();
  }
}
