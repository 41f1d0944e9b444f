// The programme over pgx: every query mode, batches, COPY, notifications, raw pipelines. Prints what it saw.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func must(err error) {
	if err != nil {
		fmt.Println("FATAL", err)
		os.Exit(1)
	}
}

func show(name string, err error) {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		fmt.Printf("%s: %s %s %s|%s|%s|%d|%s\n", name, e.Severity, e.Code, e.Message, e.Detail, e.Hint, e.Position, e.ConstraintName)
	} else {
		fmt.Printf("%s: %v\n", name, err)
	}
}

func rows(name string, c *pgx.Conn, mode pgx.QueryExecMode, sql string, args ...any) {
	r, err := c.Query(context.Background(), sql, append([]any{mode}, args...)...)
	if err == nil {
		for r.Next() {
			v, _ := r.Values()
			fmt.Printf("%s: %v\n", name, v)
		}
		err = r.Err()
		fmt.Printf("%s: %s\n", name, r.CommandTag())
	}
	show(name, err)
}

func main() {
	ctx := context.Background()
	port, user, password, database := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	config, err := pgx.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%s user=%s password=%s dbname=%s sslmode=prefer", port, user, password, database))
	must(err)
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { fmt.Println("notice", n.Severity, n.Message) }
	config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { fmt.Println("heard", n.Channel, n.Payload) }
	c, err := pgx.ConnectConfig(ctx, config)
	must(err)
	modes := map[string]pgx.QueryExecMode{"cacheStatement": pgx.QueryExecModeCacheStatement, "cacheDescribe": pgx.QueryExecModeCacheDescribe, "describeExec": pgx.QueryExecModeDescribeExec, "exec": pgx.QueryExecModeExec, "simple": pgx.QueryExecModeSimpleProtocol}
	for _, name := range []string{"cacheStatement", "cacheDescribe", "describeExec", "exec", "simple"} {
		mode := modes[name]
		rows(name, c, mode, "SELECT id, name, price, tags, raw FROM items ORDER BY id")
		rows(name, c, mode, "SELECT $1::int + 1, $2::text", 1, "ünï ☃")
		rows(name, c, mode, "INSERT INTO pairs VALUES ($1, $2) RETURNING *", 1, name)
		rows(name, c, mode, "SELECT 1 / ($1::int)", 0)
		rows(name, c, mode, "SELEC 1")
		rows(name, c, mode, "SELECT shout('hello')")
	}
	batch := &pgx.Batch{}
	for n := 0; n < 20; n++ {
		batch.Queue("INSERT INTO pairs VALUES ($1, 'batch')", n)
	}
	batch.Queue("SELECT count(*) FROM pairs WHERE b = 'batch'")
	result := c.SendBatch(ctx, batch)
	for n := 0; n < 21; n++ {
		tag, err := result.Exec()
		fmt.Println("batch", tag, err)
	}
	show("batch end", result.Close())
	failing := &pgx.Batch{}
	failing.Queue("INSERT INTO pairs VALUES (500, 'lost')")
	failing.Queue("SELECT 1/0")
	failing.Queue("INSERT INTO pairs VALUES (501, 'lost')")
	show("failing batch", c.SendBatch(ctx, failing).Close())
	rows("after", c, pgx.QueryExecModeExec, "SELECT count(*) FROM pairs WHERE b = 'lost'")
	count, err := c.CopyFrom(ctx, pgx.Identifier{"pairs"}, []string{"a", "b"}, pgx.CopyFromRows([][]any{{int32(700), "seven"}, {int32(701), nil}}))
	fmt.Println("copied", count, err)
	var out strings.Builder
	_, err = c.PgConn().CopyTo(ctx, &out, "COPY (SELECT * FROM pairs WHERE a >= 700 ORDER BY a) TO STDOUT")
	fmt.Println(out.String(), err)
	tx, err := c.Begin(ctx)
	must(err)
	_, err = tx.Exec(ctx, "INSERT INTO pairs VALUES (800, 'tx')")
	show("in transaction", err)
	inner, err := tx.Begin(ctx)
	must(err)
	_, err = inner.Exec(ctx, "SELECT 1/0")
	show("inner", err)
	show("inner end", inner.Rollback(ctx))
	show("commit", tx.Commit(ctx))
	_, err = c.Exec(ctx, "LISTEN ch")
	show("listen", err)
	_, err = c.Exec(ctx, "NOTIFY ch, 'payload'")
	show("notify", err)
	pipeline := c.PgConn().StartPipeline(ctx)
	pipeline.SendPrepare("p", "SELECT $1::int", nil)
	pipeline.SendQueryPrepared("p", [][]byte{[]byte("7")}, nil, nil)
	must(pipeline.Sync())
	pipeline.SendQueryParams("SELECT 1/0", nil, nil, nil, nil)
	pipeline.SendQueryParams("SELECT 2", nil, nil, nil, nil)
	must(pipeline.Sync())
	for n := 0; n < 12; n++ {
		step, err := pipeline.GetResults()
		if reader, ok := step.(*pgconn.ResultReader); ok {
			read := reader.Read()
			fmt.Printf("pipeline %q %v\n", read.Rows, read.CommandTag)
		} else {
			fmt.Printf("pipeline %T\n", step)
		}
		show("pipeline", err)
		if step == nil && err == nil {
			break
		}
	}
	show("pipeline end", pipeline.Close())
	must(c.Close(ctx))
}
