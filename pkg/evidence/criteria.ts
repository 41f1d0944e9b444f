// The criteria of SOC 2 that records can speak to: in our own words (the criteria's text is the AICPA's), each with its population and
// what counts as an exception in it, as questions. What a report does not prove is part of it.
import { accessColumns } from "./access-review.ts";
import { chainColumns } from "./chain-rows.ts";
import { columnColumns } from "./column-rows.ts";
import type { Condition, Question } from "./question.ts";
import type { TableName } from "./row.ts";
import { policyColumns, sessionColumns } from "./session-row.ts";
import { statementColumns } from "./statement-row.ts";

export interface ExceptionTest {
  /** Short and stable: it stands in files. */
  readonly name: string;
  readonly says: string;
  /** In addition to the population's own conditions. */
  readonly where: readonly Condition[];
}

export interface Criterion {
  readonly id: string;
  readonly title: string;
  /** The control as this product operates it. */
  readonly control: string;
  /** What an auditor asks with it. */
  readonly asks: string;
  readonly population: Question;
  readonly exceptions: readonly ExceptionTest[];
  readonly doesNotProve: string;
}

const ran = { field: "verdict", op: "in", value: ["allow", "mask", "observe"] } as const;
const DATA_WRITES = ["Insert", "Update", "Delete", "Truncate", "CopyIn"];
const SCHEMA_CHANGES = ["Create", "Alter", "Drop"];
const unsureEnds: ExceptionTest = {
  name: "end-unknown",
  says: "It may have run, and no outcome is on record (the session broke, or the outcome is not in the evidence).",
  where: [ran, { field: "status", op: "in", value: ["unknown", "broken", "open"] }],
};

export const criteria: readonly Criterion[] = [
  {
    id: "CC6.1",
    title: "Logical access: who got in, and how well it was known who",
    control:
      "Every session to a governed database passes a sidecar, which establishes who acts before the first statement and records it.",
    asks: "Which sessions were opened in the period, by whom, and were there any that only a shared login stands for?",
    population: { from: "sessions", where: [{ field: "phase", op: "eq", value: "open" }] },
    exceptions: [
      {
        name: "unverified-principal",
        says: "Nobody but the client's own word says who acted (assurance L0, or no principal at all).",
        where: [{ field: "assurance", op: "in", value: ["L0", "none"] }],
      },
    ],
    doesNotProve:
      "That accounts were set up and removed properly elsewhere, or that no session went to a database past the sidecars.",
  },
  {
    id: "CC6.2",
    title: "Rights that were given and taken",
    control: "GRANT and REVOKE, and changes of roles, are decided by policy and recorded with who did them.",
    asks: "Which rights were given or taken in the databases in the period, and by whom?",
    population: { from: "statements", where: [{ field: "effects", op: "in", value: ["Grant"] }] },
    exceptions: [
      {
        name: "unverified-grantor",
        says: "It ran, and nobody but the client's own word says who gave the right.",
        where: [ran, { field: "assurance", op: "in", value: ["L0", "none"] }],
      },
      unsureEnds,
    ],
    doesNotProve:
      "That each right was asked for and approved before: match the register with your tickets and your directory.",
  },
  {
    id: "CC6.3",
    title: "Least privilege: rights beside their use",
    control:
      "Rights are reviewed against what was done with them; each line of the review is kept or revoked by a named reviewer.",
    asks: "Who may touch which table, what did he do with it in the period, and has someone looked at it?",
    population: { from: "access", where: [] },
    exceptions: [
      {
        name: "unused-privilege",
        says: "A right that was not used in the period.",
        where: [{ field: "hasUnused", op: "eq", value: true }],
      },
      {
        name: "beyond-grants",
        says: "Something was done for which the list of grants shows no right: the right is gone since, or the list is not whole.",
        where: [{ field: "beyondGrants", op: "eq", value: true }],
      },
    ],
    doesNotProve:
      "Rights through functions and views, rights outside of the databases, or use past the sidecars. Without a list of grants it shows use only.",
  },
  {
    id: "CC6.6",
    title: "The boundary: where sessions came from",
    control:
      "Sessions come from workloads and gateways in known networks, over TLS; what does not show who it is, is refused.",
    asks: "From where were sessions opened or tried, and what came from outside or unencrypted?",
    population: { from: "sessions", where: [] },
    exceptions: [
      {
        name: "public-address",
        says: "A session was opened from an address outside of private networks.",
        where: [
          { field: "phase", op: "eq", value: "open" },
          { field: "network", op: "eq", value: "public" },
        ],
      },
      {
        name: "unencrypted",
        says: "A session was opened over a network without TLS.",
        where: [
          { field: "phase", op: "eq", value: "open" },
          { field: "tls", op: "eq", value: false },
          { field: "network", op: "in", value: ["private", "public"] },
        ],
      },
    ],
    doesNotProve: "What firewalls and network policies stopped or let by: a sidecar sees what reaches it.",
  },
  {
    id: "CC6.7",
    title: "Protected data that left the database",
    control:
      "Columns of protected classes are masked, refused or shown as policy says; each release is recorded by column.",
    asks: "Which protected columns were read, by whom, clear or masked, and what was exported?",
    population: {
      from: "columns",
      where: [
        { field: "access", op: "eq", value: "Read" },
        { field: "class", op: "like", value: "*" },
      ],
    },
    exceptions: [
      {
        name: "shown-clear",
        says: "Values of a protected column were shown as they are.",
        where: [{ field: "shown", op: "in", value: ["Clear", "Unknown"] }],
      },
      {
        name: "exported",
        says: "A protected column was copied out in bulk (COPY ... TO), not refused.",
        where: [{ field: "copiedOut", op: "eq", value: true }, ran],
      },
    ],
    doesNotProve:
      "What a program did with values afterwards. A column counts as protected here when the evidence holds a record in which a mask was put on it.",
  },
  {
    id: "CC6.8",
    title: "Code and files through the database",
    control: "Statements that run programs, touch files or the network, or bring in code are decided by policy.",
    asks: "Who tried to bring in or run code through the database, and was it stopped?",
    population: {
      from: "statements",
      where: [{ field: "effects", op: "in", value: ["ExecuteCode", "File", "Network"] }],
    },
    exceptions: [{ name: "not-refused", says: "It was let through.", where: [ran] }],
    doesNotProve: "That images and hosts run only software that was meant to.",
  },
  {
    id: "CC7.1",
    title: "Policies in force, and their changes",
    control: "Each sidecar records when another set of policies comes into force, with its digest.",
    asks: "Which policies were in force where, and when did they change?",
    population: { from: "policies", where: [] },
    exceptions: [],
    doesNotProve:
      "That each change was reviewed: compare the digests with those of your repository. Policies in force since before the period stand in the statements' policyVersion.",
  },
  {
    id: "CC7.2",
    title: "The monitoring itself: is anything missing?",
    control:
      "Each sidecar numbers its records without gaps and signs them; the log keeps which numbers are missing, and why.",
    asks: "Was there a time in which activity was not on record?",
    population: { from: "chains", where: [] },
    exceptions: [
      {
        name: "missing",
        says: "Numbers are not here: they never arrived, or were deleted in time.",
        where: [{ field: "missing", op: "gte", value: 1 }],
      },
      {
        name: "unrecorded",
        says: "The sidecar says that it could not record events.",
        where: [{ field: "unrecorded", op: "gte", value: 1 }],
      },
      {
        name: "unclosed",
        says: "The sidecar is gone and did not say so: its last records may be lost.",
        where: [{ field: "end", op: "eq", value: "unclosed" }],
      },
      {
        name: "fork",
        says: "Another record was offered for a number, and refused.",
        where: [{ field: "forksRefused", op: "gte", value: 1 }],
      },
      {
        name: "late",
        says: "It is open and said nothing in the last minute of the period: records may still be on their way.",
        where: [{ field: "isLate", op: "eq", value: true }],
      },
    ],
    doesNotProve:
      "That every database has a sidecar and every session passed one: join the chains with the inventory of pods.",
  },
  {
    id: "CC8.1",
    title: "Changes of data and schema",
    control:
      "Each statement that changes data or schema is decided by policy, recorded before it runs, and again when it ended.",
    asks: "Which changes were made in the period, by whom, and which of them were not approved?",
    population: {
      from: "statements",
      where: [{ field: "effects", op: "in", value: [...SCHEMA_CHANGES, ...DATA_WRITES] }],
    },
    exceptions: [
      {
        name: "schema-change-to-match",
        says: "A change of the schema ran. Records carry no approval: match it with a ticket or a migration.",
        where: [{ field: "schemaChange", op: "eq", value: true }, ran],
      },
      {
        name: "unverified-changer",
        says: "A change ran, and nobody but the client's own word says who made it.",
        where: [ran, { field: "assurance", op: "in", value: ["L0", "none"] }],
      },
      unsureEnds,
    ],
    doesNotProve: "That a change was tested and approved before it ran.",
  },
  {
    id: "C1.1",
    title: "Confidential data: where it was touched",
    control: "Which columns are protected is part of policy; every use of one is recorded with how it was shown.",
    asks: "Which protected columns were used at all: read, compared or written?",
    population: { from: "columns", where: [{ field: "class", op: "like", value: "*" }] },
    exceptions: [
      {
        name: "derived",
        says: "A value computed from a protected column was shown.",
        where: [{ field: "shown", op: "in", value: ["Derived", "Unknown"] }],
      },
    ],
    doesNotProve: "That every confidential column has a class, or that data was disposed of.",
  },
  {
    id: "PI1.4",
    title: "Processing: writes that hit everything",
    control: "UPDATE and DELETE without a filter, and TRUNCATE, are found by analysis and decided by policy.",
    asks: "Which statements changed or removed rows in bulk, and did any run without a filter?",
    population: {
      from: "statements",
      where: [{ field: "effects", op: "in", value: ["Update", "Delete", "Truncate"] }],
    },
    exceptions: [
      {
        name: "unfiltered",
        says: "It ran on every row of a table.",
        where: [{ field: "unfiltered", op: "eq", value: true }, ran],
      },
      unsureEnds,
    ],
    doesNotProve: "That what was written is right.",
  },
];

/** Criteria that an auditor may ask for here and that records cannot answer, and why. */
export const uncovered: readonly { readonly id: string; readonly why: string }[] = [
  {
    id: "CC7.3, CC7.4",
    why: "how incidents were judged and closed is in your incident tool; the refusals are in the statements",
  },
  {
    id: "C1.2",
    why: "disposal of data in the databases is not recorded as such; deletions of records are in the ledger itself",
  },
  { id: "P3-P8", why: "purposes and subjects of data are not in the records" },
  { id: "A1.1, A1.2", why: "availability is in the metrics, not in the records" },
];

export const columnsOf: Readonly<Record<TableName, readonly string[]>> = {
  statements: statementColumns,
  sessions: sessionColumns,
  columns: columnColumns,
  policies: policyColumns,
  chains: chainColumns,
  access: accessColumns,
};
