/** Where a driver's programme connects, and what it may use there: the database `play`, new, owned by `app`. */
export interface Connection {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A programme of queries over one driver; what it returns is compared, so it holds nothing that two runs cannot share. */
export type Programme = (connection: Connection) => Promise<unknown>;

/** The value, or what an error says. */
export async function outcome<T>(work: Promise<T>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    const { message, code, severity, detail, hint, position, constraint, column, table, where, routine } =
      error as Record<string, unknown>;
    return { error: message, code, severity, detail, hint, position, constraint, column, table, where, routine };
  }
}
