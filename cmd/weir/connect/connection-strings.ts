// How programs are told of the local end. psql gets its password from its environment: what stands in a command line, every user of the
// machine can read.

export interface LocalConnection {
  /** A loopback address, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly login: string;
  readonly database: string;
  /** null: none is asked for. */
  readonly password: string | null;
}

/** libpq's name of a socket in its folder: `.s.PGSQL.<port>`. */
export const SOCKET_PORT = 5432;
export const socketIn = (folder: string) => `${folder}/.s.PGSQL.${SOCKET_PORT}`;

/** Aligned lines for people. */
export function connectionLines(connection: LocalConnection): readonly string[] {
  const { host, port, password } = connection;
  const address = host.startsWith("/") ? [] : [`JDBC   ${jdbc(connection)}`];
  const where = host.startsWith("/")
    ? [`socket ${socketIn(host)}`]
    : [`host   ${host}, port ${port}, password ${password}`];
  return [
    `psql   ${psql(connection)}`,
    `URL    ${url(connection)}`,
    ...address,
    ...where,
    `user   ${connection.login}, database ${connection.database}, no TLS on this last step`,
  ];
}

function psql({ host, port, login, database, password }: LocalConnection): string {
  const words = { host, port: String(port), user: login, dbname: database, gssencmode: "disable" };
  const settings = Object.entries(words).map(([name, value]) => `${name}=${quoted(value)}`);
  return `${password === null ? "" : `PGPASSWORD=${password} `}psql ${shellQuoted(settings.join(" "))}`;
}

/** A value of libpq's connection string. */
function quoted(value: string): string {
  return /^[\w.@/:+-]+$/.test(value) ? value : `'${value.replace(/[\\']/g, "\\$&")}'`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function url({ host, port, login, database, password }: LocalConnection): string {
  const who = `${encodeURIComponent(login)}${password === null ? "" : `:${password}`}@`;
  const name = encodeURIComponent(database);
  return host.startsWith("/")
    ? `postgresql://${who}/${name}?host=${encodeURIComponent(host)}&port=${port}`
    : `postgresql://${who}${host}:${port}/${name}?sslmode=disable`;
}

function jdbc({ host, port, login, database, password }: LocalConnection): string {
  const user = `user=${encodeURIComponent(login)}&password=${password}`;
  return `jdbc:postgresql://${host}:${port}/${encodeURIComponent(database)}?${user}&sslmode=disable`;
}

/** libpq's variables, which most drivers read, too. */
export function environmentOf(connection: LocalConnection): Readonly<Record<string, string>> {
  const { host, port, login, database, password } = connection;
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: login,
    PGDATABASE: database,
    PGSSLMODE: "disable",
    PGGSSENCMODE: "disable",
    ...(password !== null && { PGPASSWORD: password }),
    DATABASE_URL: url(connection),
  };
}
