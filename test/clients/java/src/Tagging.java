import com.mysql.cj.jdbc.JdbcStatement;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.trace.IdGenerator;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.hibernate.JDBCException;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.hibernate.resource.jdbc.spi.StatementInspector;

/**
 * Tagging USER PASSWORD SCHEMA PORT ...: reads rows for two routes, through each port on 127.0.0.1, with statements
 * that say where they are from: Hibernate's by its statement inspector, Connector/J's in query attributes, where its
 * own telemetry puts the trace. Says what came of them as one line of JSON.
 */
public final class Tagging {
  private static final List<String> PAGES = List.of("reports", "invoices");
  private static final int ROWS = 50;
  private static final ThreadLocal<String> ROUTE = new ThreadLocal<>();

  /** Reads the rows of a page. */
  private interface Reader {
    int read() throws SQLException;
  }

  /** A row of the table. */
  @Entity(name = "Counted")
  @Table(name = "numbers")
  public static class Counted {
    @Id public int id;
    public String label;
  }

  /** Puts the route and the current trace behind each statement, as sqlcommenter does. */
  public static final class Commenter implements StatementInspector {
    @Override
    public String inspect(String sql) {
      if (ROUTE.get() == null) return sql;
      List<String> tags = new ArrayList<>(List.of(tag("route", ROUTE.get())));
      W3CTraceContextPropagator.getInstance()
          .inject(Context.current(), tags, (all, key, value) -> all.add(tag(key, value)));
      return sql + " /*" + String.join(",", tags) + "*/";
    }

    private static String tag(String key, String value) {
      return key + "='" + URLEncoder.encode(value, StandardCharsets.UTF_8) + "'";
    }
  }

  public static void main(String[] args) throws SQLException {
    GlobalOpenTelemetry.set(OpenTelemetrySdk.builder().setTracerProvider(SdkTracerProvider.builder().build())
        .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance())).build());
    List<String> seen = new ArrayList<>();
    for (int i = 3; i < args.length; i++) {
      String url = "jdbc:mysql://127.0.0.1:" + args[i] + "/" + args[2]
          + "?sslMode=DISABLED&allowPublicKeyRetrieval=true&openTelemetry=PREFERRED";
      try (SessionFactory factory = factoryFor(url, args[0], args[1])) {
        for (String page : PAGES) seen.add(request("Hibernate", args[i], page, () -> readWithHibernate(factory)));
      }
      try (Connection connection = DriverManager.getConnection(url, args[0], args[1])) {
        for (String page : PAGES) seen.add(request("Connector/J", args[i], page, () -> readWithAttributes(connection)));
      }
    }
    System.out.println("[" + String.join(",", seen) + "]");
  }

  private static SessionFactory factoryFor(String url, String user, String password) {
    return new Configuration().addAnnotatedClass(Counted.class)
        .setProperty("hibernate.connection.url", url)
        .setProperty("hibernate.connection.username", user)
        .setProperty("hibernate.connection.password", password)
        .setProperty("hibernate.use_sql_comments", "true")
        .setProperty("hibernate.session_factory.statement_inspector", Commenter.class.getName())
        .buildSessionFactory();
  }

  private static int readWithHibernate(SessionFactory factory) {
    try (Session session = factory.openSession()) {
      return session.createSelectionQuery("from Counted where id <= " + ROWS, Counted.class).list().size();
    }
  }

  private static int readWithAttributes(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.unwrap(JdbcStatement.class).setAttribute("route", ROUTE.get());
      try (ResultSet result = statement.executeQuery("SELECT id, label FROM numbers WHERE id <= " + ROWS)) {
        int rows = 0;
        while (result.next()) rows++;
        return rows;
      }
    }
  }

  /** Has one page read as part of a trace; gives what came of it as JSON. */
  private static String request(String framework, String port, String page, Reader reader) throws SQLException {
    SpanContext caller = SpanContext.createFromRemoteParent(IdGenerator.random().generateTraceId(),
        IdGenerator.random().generateSpanId(), TraceFlags.getSampled(), TraceState.getDefault());
    ROUTE.set("/" + page + "/{id}");
    String rows = "null";
    String error = "null";
    try (Scope scope = Span.wrap(caller).makeCurrent()) {
      rows = String.valueOf(reader.read());
    } catch (JDBCException failure) {
      error = String.valueOf(failure.getErrorCode());
    } catch (SQLException failure) {
      error = String.valueOf(failure.getErrorCode());
    } finally {
      ROUTE.remove();
    }
    return String.format(Locale.ROOT,
        "{\"framework\":\"%s\",\"port\":%s,\"page\":\"%s\",\"traceId\":\"%s\",\"rows\":%s,\"error\":%s}",
        framework, port, page, caller.getTraceId(), rows, error);
  }
}
