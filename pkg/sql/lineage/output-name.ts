// The name that the server gives an output column without AS (FigureColnameInternal, parse_target.c).
import { kindOf, list, type Node, text } from "../node.ts";

interface Named {
  readonly name: string;
  /** 2: taken in any case; 1: a name of its own only when nothing better is found. */
  readonly strength: 1 | 2;
}

/** `sublinks`: names of the first columns of scalar subqueries, by node. null: not predicted. */
export function outputName(node: Node, sublinks: ReadonlyMap<Node, string | null>): string | null {
  const named = figure(node, sublinks);
  return named === undefined ? "?column?" : (named?.name ?? null);
}

type Names = ReadonlyMap<Node, string | null>;

/** undefined: it has none; null: not predicted. */
function figure(wrapped: Node, sublinks: Names): Named | null | undefined {
  const kind = kindOf(wrapped);
  const node = wrapped?.[kind];
  switch (kind) {
    case "ColumnRef":
      return lastText(node.fields);
    case "A_Indirection":
      return lastText(node.indirection) ?? figure(node.arg, sublinks);
    case "FuncCall":
      return lastText(node.funcname);
    case "A_Expr":
      return node.kind === "AEXPR_NULLIF" ? strong("nullif") : undefined;
    case "TypeCast":
      return stronger(figure(node.arg, sublinks), text(node.typeName?.names?.at(-1)) ?? undefined);
    case "CollateClause":
      return figure(node.arg, sublinks);
    case "CaseExpr":
      return stronger(figure(node.defresult, sublinks), "case");
    case "SubLink":
      return sublinkName(node, sublinks);
    case "MinMaxExpr":
      return strong(node.op === "IS_LEAST" ? "least" : "greatest");
    case "SQLValueFunction":
      return named(valueFunctions[node.op]);
    case "XmlExpr":
      return named(xmlNames[node.op]);
    case "JsonFuncExpr":
      return named(jsonNames[node.op]);
    default:
      return named(kindNames[kind]);
  }
}

function strong(name: string): Named {
  return { name, strength: 2 };
}

function named(name: string | undefined): Named | undefined {
  return name === undefined ? undefined : strong(name);
}

function stronger(inner: Named | null | undefined, own: string | undefined): Named | null | undefined {
  if (inner === null || inner?.strength === 2) return inner;
  return own === undefined ? inner : { name: own, strength: 1 };
}

function lastText(nodes: Node): Named | undefined {
  return named(
    list(nodes)
      .map((node) => text(node))
      .findLast((name) => name !== null) ?? undefined,
  );
}

function sublinkName(node: Node, sublinks: Names): Named | null | undefined {
  switch (node.subLinkType) {
    case "EXISTS_SUBLINK":
      return strong("exists");
    case "ARRAY_SUBLINK":
      return strong("array");
    case "EXPR_SUBLINK": {
      const name = sublinks.get(node);
      return name === undefined || name === null ? null : strong(name);
    }
    default:
      return undefined;
  }
}

const kindNames: Readonly<Record<string, string>> = {
  GroupingFunc: "grouping",
  MergeSupportFunc: "merge_action",
  A_ArrayExpr: "array",
  RowExpr: "row",
  CoalesceExpr: "coalesce",
  XmlSerialize: "xmlserialize",
  JsonParseExpr: "json",
  JsonScalarExpr: "json_scalar",
  JsonSerializeExpr: "json_serialize",
  JsonObjectConstructor: "json_object",
  JsonArrayConstructor: "json_array",
  JsonArrayQueryConstructor: "json_array",
  JsonObjectAgg: "json_objectagg",
  JsonArrayAgg: "json_arrayagg",
};

const valueFunctions: Readonly<Record<string, string>> = {
  SVFOP_CURRENT_DATE: "current_date",
  SVFOP_CURRENT_TIME: "current_time",
  SVFOP_CURRENT_TIME_N: "current_time",
  SVFOP_CURRENT_TIMESTAMP: "current_timestamp",
  SVFOP_CURRENT_TIMESTAMP_N: "current_timestamp",
  SVFOP_LOCALTIME: "localtime",
  SVFOP_LOCALTIME_N: "localtime",
  SVFOP_LOCALTIMESTAMP: "localtimestamp",
  SVFOP_LOCALTIMESTAMP_N: "localtimestamp",
  SVFOP_CURRENT_ROLE: "current_role",
  SVFOP_CURRENT_USER: "current_user",
  SVFOP_USER: "user",
  SVFOP_SESSION_USER: "session_user",
  SVFOP_CURRENT_CATALOG: "current_catalog",
  SVFOP_CURRENT_SCHEMA: "current_schema",
};

const xmlNames: Readonly<Record<string, string>> = {
  IS_XMLCONCAT: "xmlconcat",
  IS_XMLELEMENT: "xmlelement",
  IS_XMLFOREST: "xmlforest",
  IS_XMLPARSE: "xmlparse",
  IS_XMLPI: "xmlpi",
  IS_XMLROOT: "xmlroot",
};

const jsonNames: Readonly<Record<string, string>> = {
  JSON_EXISTS_OP: "json_exists",
  JSON_QUERY_OP: "json_query",
  JSON_VALUE_OP: "json_value",
};
