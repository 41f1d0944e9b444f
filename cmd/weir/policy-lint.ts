// `weir policy lint FOLDER`: what the sidecar would say about a folder of policies, before it is deployed.
import { loadPolicySet } from "../../pkg/resources/compile.ts";
import type { ResourceFile } from "../../pkg/resources/parse-resources.ts";
import { formatProblem } from "../../pkg/resources/problem.ts";
import { readFolder } from "../../pkg/resources/read-folder.ts";
import { type Command, exits, readArguments, UsageError } from "./command.ts";

export const policyLint: Command = {
  summary: "list every problem of a folder of policies",
  help: `usage: weir policy lint FOLDER [--namespace NAME] [--no-mask-key]

Reads GovernedDatabase, DataPolicy and ClusterDataPolicy files (*.yaml, *.yml) as the sidecar does and lists every problem
of every file with its line and remedy.

  --namespace NAME   namespace of resources that name none; "default" when not given
  --no-mask-key      judge as for a sidecar without a mask key

exit codes: 0 good, perhaps with warnings, 1 a sidecar would not use them, 64 wrong arguments, 69 the folder cannot be read`,
  async run(args, terminal) {
    const options = { namespace: { type: "string" }, "no-mask-key": { type: "boolean", default: false } } as const;
    const { values, positionals } = readArguments(args, options, 1);
    const folder = positionals[0];
    if (folder === undefined) throw new UsageError("name the folder: weir policy lint FOLDER");
    let files: readonly ResourceFile[];
    try {
      files = readFolder(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const remedy = code === "ENOTDIR" ? ": it is a file; name the folder that it is in" : "";
      terminal.print(`${folder}: cannot be read (${code})${remedy}`);
      return exits.unavailable;
    }
    if (files.length === 0) {
      terminal.print(`${folder}: holds no *.yaml or *.yml; a sidecar needs a GovernedDatabase at least`);
      return exits.failed;
    }
    const { set, problems } = loadPolicySet(files, {
      maskKey: !values["no-mask-key"],
      namespace: values.namespace ?? "default",
    });
    for (const problem of problems) terminal.print(formatProblem(problem));
    const errors = problems.filter((problem) => problem.severity === "error").length;
    terminal.print(
      `${counted(files.length, "file")}: ${counted(errors, "error")}, ${counted(problems.length - errors, "warning")}`,
    );
    return set === null ? exits.failed : exits.good;
  },
};

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
