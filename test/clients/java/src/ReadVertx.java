import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.mysqlclient.MySQLConnectOptions;
import io.vertx.mysqlclient.MySQLConnection;
import io.vertx.mysqlclient.MySQLException;
import io.vertx.mysqlclient.SslMode;
import io.vertx.sqlclient.PreparedStatement;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowStream;

/**
 * ReadVertx DRIVER MODE ... (see Reading): reads a result with Vert.x's client and reports it.
 * MODE: buffered, or streaming, for which this driver opens a cursor on the server and fetches 50 rows at a time.
 */
public final class ReadVertx {
  private static final int ROWS_AT_A_TIME = 50;

  public static void main(String[] args) {
    Reading reading = Reading.of(args);
    Report report = new Report(reading);
    // The other transport knows no Unix sockets.
    Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(reading.isSocket()));
    try {
      MySQLConnection connection = MySQLConnection.connect(vertx, options(reading)).await();
      report.connected();
      try {
        if (reading.isStreaming()) stream(connection, reading, report);
        else readWhole(connection, reading, report);
      } catch (RuntimeException failure) {
        fail(report, failure);
      }
      answer(connection, report);
      connection.close().await();
    } catch (RuntimeException failure) {
      fail(report, failure);
    }
    report.print();
    vertx.close().await();
  }

  private static MySQLConnectOptions options(Reading reading) {
    JsonObject further = new JsonObject();
    Reading.options().forEach(further::put);
    return new MySQLConnectOptions(further)
        .setHost(reading.host()).setPort(reading.port()).setDatabase(reading.schema())
        .setUser(reading.user()).setPassword(reading.password()).setSslMode(SslMode.DISABLED);
  }

  private static void readWhole(MySQLConnection connection, Reading reading, Report report) {
    for (Row row : connection.query(reading.sql()).execute().await()) if (!report.take(row.getLong(0))) return;
  }

  private static void stream(MySQLConnection connection, Reading reading, Report report) {
    PreparedStatement statement = connection.prepare(reading.sql()).await();
    // A cursor needs a transaction, says the driver's manual.
    var transaction = connection.begin().await();
    Promise<Void> over = Promise.promise();
    RowStream<Row> stream = statement.createStream(ROWS_AT_A_TIME);
    stream.exceptionHandler(over::tryFail);
    stream.endHandler(nothing -> over.tryComplete());
    stream.handler(row -> {
      if (over.future().isComplete()) return;
      if (!report.take(row.getLong(0))) stream.close().onComplete(closed -> over.tryComplete());
    });
    try {
      over.future().await();
    } finally {
      transaction.rollback().otherwiseEmpty().await();
    }
  }

  private static void answer(MySQLConnection connection, Report report) {
    try {
      Row row = connection.query("SELECT 42, CONNECTION_ID()").execute().await().iterator().next();
      report.answered(row.getLong(0), row.getLong(1));
    } catch (RuntimeException failure) {
      report.answerFailed(failure.getMessage());
    }
  }

  private static void fail(Report report, RuntimeException failure) {
    if (failure instanceof MySQLException told) {
      report.failed(told.getErrorCode(), told.getSqlState(), told.getMessage());
    } else {
      report.failed(0, null, String.valueOf(failure));
    }
  }
}
