// What is wrong with a resource: where, what, and what to do about it. All problems of all files are listed together.

export interface Place {
  /** As the caller named it; of a Kubernetes object `Kind namespace/name`. */
  readonly file: string;
  /** 1-based; 0 where there is no text. */
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Place {
  /** Resources with an error are not used; a warning is only told. */
  readonly severity: "error" | "warning";
  /** Path of the field, such as `spec.mask[0].method`; empty for the whole document. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** `file:line:column: path: what is wrong; what to do`. */
export function formatProblem({ file, line, column, severity, path, message, remedy }: Problem): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  const note = severity === "warning" ? "warning: " : "";
  return `${place}: ${note}${path === "" ? "" : `${path}: `}${message}; ${remedy}`;
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === "error");
}

/** By file and place, so that the same files always give the same list. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort(
    (left, right) => compare(left.file, right.file) || left.line - right.line || left.column - right.column,
  );
}

export function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
