// One session of PostgreSQL's JDBC driver: who the database knows, many rows by a cursor, and a cancel. For connect.test.ts.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

class JdbcSession {
  public static void main(String[] args) throws Exception {
    try (Connection connection = DriverManager.getConnection(System.getenv("JDBC_URL"))) {
      try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SHOW weir.principal")) {
        rows.next();
        System.out.println(rows.getString(1));
      }
      connection.setAutoCommit(false);
      int count = 0;
      try (PreparedStatement statement = connection.prepareStatement("SELECT generate_series(1, ?)")) {
        statement.setInt(1, 5000);
        statement.setFetchSize(100);
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) count++;
        }
      }
      System.out.println(count);
      connection.rollback();
      try (Statement statement = connection.createStatement()) {
        statement.setQueryTimeout(1); // the driver sends a cancel request
        statement.execute("SELECT pg_sleep(600)");
      } catch (SQLException error) {
        System.out.println(error.getSQLState());
      }
    }
  }
}
