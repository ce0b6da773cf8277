import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;

/** ReadPooled DRIVER MODE ... (see Reading): as ReadJdbc, over a connection of HikariCP's pool. */
public final class ReadPooled {
  public static void main(String[] args) {
    JdbcReader reader = new JdbcReader(Reading.of(args));
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(reader.url());
    config.setDataSourceProperties(reader.properties());
    config.setMaximumPoolSize(1);
    try (HikariDataSource pool = new HikariDataSource(config)) {
      reader.read(pool::getConnection);
    }
  }
}
