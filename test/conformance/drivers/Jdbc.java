// The programme over the PostgreSQL JDBC driver: prepared in both formats, batches, cursors, savepoints, metadata, COPY.
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import org.postgresql.PGConnection;

public class Jdbc {
  static void rows(String name, ResultSet r) throws SQLException {
    ResultSetMetaData m = r.getMetaData();
    while (r.next()) {
      StringBuilder line = new StringBuilder(name);
      for (int i = 1; i <= m.getColumnCount(); i++) line.append(" | ").append(m.getColumnName(i)).append('=').append(r.getString(i));
      System.out.println(line);
    }
  }

  interface Work { void run() throws Exception; }

  static void attempt(String name, Work work) {
    try {
      work.run();
    } catch (SQLException e) {
      System.out.println(name + ": " + e.getSQLState() + " " + e.getMessage());
    } catch (Exception e) {
      System.out.println(name + ": " + e);
    }
  }

  public static void main(String[] a) throws Exception {
    String url = "jdbc:postgresql://127.0.0.1:" + a[0] + "/" + a[3];
    for (String mode : new String[] {"extended", "simple", "extendedForPrepared", "extendedCacheEverything"}) {
      try (Connection c = DriverManager.getConnection(url + "?preferQueryMode=" + mode + "&sslmode=disable", a[1], a[2])) {
        attempt(mode, () -> rows(mode, c.createStatement().executeQuery("SELECT id, name, price, tags, raw FROM items ORDER BY id")));
        PreparedStatement p = c.prepareStatement("SELECT name, ?::int + 1 AS n FROM items WHERE id = ?");
        for (int n = 0; n < 8; n++) {
          p.setInt(1, n);
          p.setInt(2, n);
          attempt(mode, () -> rows(mode, p.executeQuery()));
        }
        attempt(mode, () -> c.createStatement().executeQuery("SELECT 1/0"));
        attempt(mode, () -> c.createStatement().executeQuery("SELEC 1"));
        attempt(mode, () -> {
          Statement s = c.createStatement();
          boolean more = s.execute("SELECT 1 AS a; SELECT 2 AS b; INSERT INTO pairs VALUES (1, 'm')");
          while (more || s.getUpdateCount() != -1) {
            if (more) rows(mode, s.getResultSet()); else System.out.println(mode + " count " + s.getUpdateCount());
            more = s.getMoreResults();
          }
        });
        PreparedStatement b = c.prepareStatement("INSERT INTO pairs VALUES (?, ?)", Statement.RETURN_GENERATED_KEYS);
        for (int n = 0; n < 30; n++) {
          b.setInt(1, n);
          b.setString(2, "b" + n);
          b.addBatch();
        }
        attempt(mode, () -> System.out.println(mode + " batch " + b.executeBatch().length));
        c.setAutoCommit(false);
        attempt(mode, () -> {
          Statement s = c.createStatement();
          s.setFetchSize(4);
          rows(mode + " fetched", s.executeQuery("SELECT id FROM items ORDER BY id"));
          Savepoint sp = c.setSavepoint("sp");
          attempt(mode, () -> c.createStatement().execute("SELECT 1/0"));
          attempt(mode, () -> c.createStatement().execute("SELECT 1"));
          c.rollback(sp);
          rows(mode, c.createStatement().executeQuery("SELECT count(*) FROM pairs"));
          c.commit();
        });
        c.setAutoCommit(true);
        attempt(mode, () -> rows("tables", c.getMetaData().getTables(null, "public", "%", null)));
        attempt(mode, () -> rows("columns", c.getMetaData().getColumns(null, "public", "items", "%")));
        attempt(mode, () -> rows("keys", c.getMetaData().getPrimaryKeys(null, "public", "notes")));
        attempt(mode, () -> {
          var copy = c.unwrap(PGConnection.class).getCopyAPI();
          System.out.println(copy.copyIn("COPY pairs FROM STDIN", new StringReader("900\tnine\n901\t\\N\n")));
          StringWriter out = new StringWriter();
          copy.copyOut("COPY (SELECT * FROM pairs WHERE a >= 900 ORDER BY a) TO STDOUT", out);
          System.out.print(out);
          copy.copyIn("COPY pairs FROM STDIN", new StringReader("x\tbad\n"));
        });
        attempt(mode, () -> {
          CallableStatement call = c.prepareCall("{? = call plus(?, ?)}");
          call.registerOutParameter(1, Types.INTEGER);
          call.setInt(2, 2);
          call.setInt(3, 3);
          call.execute();
          System.out.println(call.getInt(1));
        });
        attempt(mode, () -> c.createStatement().execute("DELETE FROM pairs"));
      }
    }
  }
}
