import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.Option;
import io.r2dbc.spi.R2dbcException;
import java.util.List;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * AheadR2dbc DRIVER PORT USER PASSWORD SCHEMA SQL: asks SQL and two queries behind it at once with r2dbc-mysql (DRIVER
 * mysql), which keeps them until it is answered, or r2dbc-mariadb (mariadb), which does not, then a fourth. Says in a
 * line of JSON what each was answered with: a value, or an error's number.
 */
public class AheadR2dbc {
    public static void main(String[] args) {
        boolean isMysql = args[0].equals("mysql");
        ConnectionFactoryOptions options = ConnectionFactoryOptions.builder()
            .option(ConnectionFactoryOptions.DRIVER, args[0]).option(ConnectionFactoryOptions.HOST, "127.0.0.1")
            .option(ConnectionFactoryOptions.PORT, Integer.parseInt(args[1]))
            .option(ConnectionFactoryOptions.USER, args[2]).option(ConnectionFactoryOptions.PASSWORD, args[3])
            .option(ConnectionFactoryOptions.DATABASE, args[4])
            .option(Option.valueOf("sslMode"), isMysql ? "disabled" : "disable").build();
        Connection connection = Mono.from(ConnectionFactories.get(options).create()).block();
        List<Mono<String>> asked = Stream.of(args[5], "SELECT 2", "SELECT 3").map(sql -> ask(connection, sql)).toList();
        String answers = String.join(",", Flux.mergeSequential(asked).collectList().block());
        System.out.println("[" + answers + "," + ask(connection, "SELECT 4").block() + "]");
        Mono.from(connection.close()).block();
        System.exit(0); // the driver's threads would keep the program
    }

    private static Mono<String> ask(Connection connection, String sql) {
        return Flux.from(connection.createStatement(sql).execute())
            .concatMap(result -> result.map((row, metadata) -> String.valueOf(((Number) row.get(0)).longValue())))
            .collectList().map(values -> values.get(0))
            .onErrorResume(R2dbcException.class, told -> Mono.just("{\"error\":" + told.getErrorCode() + "}"));
    }
}
