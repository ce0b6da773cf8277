import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.Option;
import io.r2dbc.spi.R2dbcException;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * ReadR2dbc DRIVER MODE ... (see Reading): reads a result with r2dbc-mysql (DRIVER mysql) or r2dbc-mariadb (mariadb).
 * MODE: buffered, which collects the rows in a list, or streaming, which asks for 16 rows at a time.
 */
public final class ReadR2dbc {
  private static final int ROWS_AT_A_TIME = 16;

  public static void main(String[] args) {
    Reading reading = Reading.of(args);
    Report report = new Report(reading);
    try {
      Connection connection = Mono.from(ConnectionFactories.get(options(reading)).create()).block();
      report.connected();
      try {
        Flux<Long> rows = Flux.from(connection.createStatement(reading.sql()).execute())
            .concatMap(result -> result.map((row, metadata) -> ((Number) row.get(0)).longValue()));
        if (reading.isStreaming()) readInSteps(rows, report);
        else readWhole(rows, report);
      } catch (R2dbcException failure) {
        report.failed(failure.getErrorCode(), failure.getSqlState(), failure.getMessage());
      }
      answer(connection, report);
      Mono.from(connection.close()).onErrorComplete().block();
    } catch (R2dbcException failure) {
      report.failed(failure.getErrorCode(), failure.getSqlState(), failure.getMessage());
    }
    report.print();
    // The driver's threads would keep the program running.
    System.exit(0);
  }

  private static ConnectionFactoryOptions options(Reading reading) {
    boolean isMysql = reading.driver().equals("mysql");
    ConnectionFactoryOptions.Builder options = ConnectionFactoryOptions.builder()
        .option(ConnectionFactoryOptions.DRIVER, reading.driver())
        .option(ConnectionFactoryOptions.HOST, reading.isSocket() ? "localhost" : reading.host())
        .option(ConnectionFactoryOptions.PORT, reading.port())
        .option(ConnectionFactoryOptions.USER, reading.user())
        .option(ConnectionFactoryOptions.PASSWORD, reading.password())
        .option(ConnectionFactoryOptions.DATABASE, reading.schema())
        .option(Option.valueOf("sslMode"), isMysql ? "disabled" : "disable")
        .option(Option.valueOf("allowPublicKeyRetrieval"), "true");
    if (reading.isSocket()) options.option(Option.valueOf(isMysql ? "unixSocket" : "socket"), reading.host());
    Reading.options().forEach((name, value) -> options.option(Option.valueOf(name), value));
    return options.build();
  }

  private static void readWhole(Flux<Long> rows, Report report) {
    List<Long> all = rows.collectList().block();
    for (long value : all) if (!report.take(value)) return;
  }

  private static void readInSteps(Flux<Long> rows, Report report) {
    // Leaving the loop cancels the rest.
    try (var stream = rows.toStream(ROWS_AT_A_TIME)) {
      for (var values = stream.iterator(); values.hasNext() && report.take(values.next());) continue;
    }
  }

  private static void answer(Connection connection, Report report) {
    try {
      long[] answer = Flux.from(connection.createStatement("SELECT 42, CONNECTION_ID()").execute())
          .concatMap(result -> result.map((row, metadata) -> new long[] {
              ((Number) row.get(0)).longValue(), ((Number) row.get(1)).longValue()}))
          .blockLast();
      report.answered(answer[0], answer[1]);
    } catch (R2dbcException failure) {
      report.answerFailed(failure.getMessage());
    }
  }
}
