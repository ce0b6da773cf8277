import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.mysqlclient.MySQLConnectOptions;
import io.vertx.mysqlclient.MySQLConnection;
import io.vertx.mysqlclient.MySQLException;
import io.vertx.mysqlclient.SslMode;
import java.util.List;
import java.util.stream.Stream;

/**
 * AheadVertx PORT USER PASSWORD SCHEMA SQL: sends SQL and two queries behind it at once with Vert.x, which does not
 * wait for answers, then a fourth. Says in a line of JSON what each was answered with: a value, or an error's number.
 */
public class AheadVertx {
    public static void main(String[] args) {
        Vertx vertx = Vertx.vertx();
        MySQLConnectOptions options = new MySQLConnectOptions()
            .setHost("127.0.0.1").setPort(Integer.parseInt(args[0]))
            .setUser(args[1]).setPassword(args[2]).setDatabase(args[3])
            .setSslMode(SslMode.DISABLED).setPipeliningLimit(8);
        MySQLConnection connection = MySQLConnection.connect(vertx, options).await();
        List<Future<String>> asked =
            Stream.of(args[4], "SELECT 2", "SELECT 3").map(sql -> ask(connection, sql)).toList();
        List<String> answers = asked.stream().map(answer -> answer.await()).toList();
        System.out.println("[" + String.join(",", answers) + "," + ask(connection, "SELECT 4").await() + "]");
        connection.close().await();
        vertx.close().await();
    }

    private static Future<String> ask(MySQLConnection connection, String sql) {
        return connection.query(sql).execute()
            .map(rows -> String.valueOf(rows.iterator().next().getLong(0)))
            .recover(failure -> Future.succeededFuture(failure instanceof MySQLException told
                ? "{\"error\":" + told.getErrorCode() + "}" : "\"" + failure + "\""));
    }
}
