import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Lookup URL SQL FIRST: reads a table as a stream, and looks each row up on the same connection, from the FIRST one on.
 * Then it asks for 2 three times. Prints a line about the outcome of each.
 */
public class Lookup {
    public static void main(String[] args) throws SQLException {
        try (Connection connection = DriverManager.getConnection(args[0])) {
            read(connection, args[1], Integer.parseInt(args[2]));
            for (int i = 0; i < 3; i += 1) ask(connection);
        }
    }

    private static void read(Connection connection, String sql, int first) throws SQLException {
        try (Statement stream = connection.createStatement()) {
            stream.setFetchSize(10);
            ResultSet rows = stream.executeQuery(sql);
            for (int row = 1; rows.next(); row += 1) {
                if (row < first) continue;
                try (Statement lookup = connection.createStatement()) {
                    lookup.executeQuery("SELECT 1").next();
                }
            }
            System.out.println("read all");
        } catch (SQLException error) {
            System.out.println("error " + error.getErrorCode());
        }
    }

    private static void ask(Connection connection) {
        try (Statement next = connection.createStatement()) {
            ResultSet found = next.executeQuery("SELECT 2");
            found.next();
            System.out.println("answer " + found.getString(1));
        } catch (SQLException error) {
            System.out.println("lost " + error.getSQLState());
        }
    }
}
