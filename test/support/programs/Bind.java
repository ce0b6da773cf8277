import java.io.ByteArrayInputStream;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;

/** Bind HOST PORT USER PASSWORD SCHEMA SERVER: binds one value of each kind that JDBC knows, and executes twice. */
public class Bind {
  public static void main(String[] args) throws Exception {
    String url = "jdbc:mariadb://" + args[0] + ":" + args[1] + "/" + args[4]
        + "?useServerPrepStmts=true&allowPublicKeyRetrieval=true";
    try (Connection connection = DriverManager.getConnection(url, args[2], args[3]);
        PreparedStatement statement = connection.prepareStatement(
            "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?")) {
      for (int execution = 1; execution <= 2; execution++) {
        statement.setBoolean(1, true);
        statement.setByte(2, (byte) -128);
        statement.setShort(3, (short) -32768);
        statement.setInt(4, 41 + execution);
        statement.setLong(5, Long.MIN_VALUE);
        statement.setFloat(6, 0.1f);
        statement.setDouble(7, 0.1);
        statement.setBigDecimal(8, new BigDecimal("-12345678901234567890.123456789"));
        // This driver sends a date with a time of day, which MySQL 9.7 refuses.
        if (args[5].equals("mysql")) statement.setString(9, "2024-02-29");
        else statement.setDate(9, Date.valueOf("2024-02-29"));
        statement.setTime(10, Time.valueOf("01:02:03"));
        statement.setTimestamp(11, Timestamp.valueOf("2024-02-29 23:59:01.123456"));
        statement.setString(12, "naïve 日本");
        statement.setBytes(13, new byte[] {-1, 0});
        statement.setNull(14, Types.INTEGER);
        statement.setBinaryStream(15, new ByteArrayInputStream(new byte[70000]));
        statement.executeQuery().close();
      }
    }
  }
}
