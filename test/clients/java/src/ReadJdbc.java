import java.sql.DriverManager;

/**
 * ReadJdbc DRIVER MODE ... (see Reading): reads a result with MySQL's or MariaDB's Connector/J and reports it.
 * MODE: buffered, streaming, prepared-buffered, prepared-streaming.
 */
public final class ReadJdbc {
  public static void main(String[] args) {
    JdbcReader reader = new JdbcReader(Reading.of(args));
    reader.read(() -> DriverManager.getConnection(reader.url(), reader.properties()));
  }
}
