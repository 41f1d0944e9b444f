// Kinds of objects in words, as command tags spell them (cmdtaglist.h).

const special: Readonly<Record<string, string>> = {
  OBJECT_MATVIEW: "MATERIALIZED VIEW",
  OBJECT_COLUMN: "TABLE",
  OBJECT_TABCONSTRAINT: "TABLE",
  OBJECT_ATTRIBUTE: "TYPE",
  OBJECT_DOMCONSTRAINT: "DOMAIN",
  OBJECT_FDW: "FOREIGN DATA WRAPPER",
  OBJECT_FOREIGN_SERVER: "SERVER",
  OBJECT_OPCLASS: "OPERATOR CLASS",
  OBJECT_OPFAMILY: "OPERATOR FAMILY",
  OBJECT_TSCONFIGURATION: "TEXT SEARCH CONFIGURATION",
  OBJECT_TSDICTIONARY: "TEXT SEARCH DICTIONARY",
  OBJECT_TSPARSER: "TEXT SEARCH PARSER",
  OBJECT_TSTEMPLATE: "TEXT SEARCH TEMPLATE",
  OBJECT_STATISTIC_EXT: "STATISTICS",
  OBJECT_LARGEOBJECT: "LARGE OBJECT",
};

export function objectWords(objectType: string): string {
  return special[objectType] ?? objectType.replace(/^OBJECT_/, "").replaceAll("_", " ");
}

/** Objects that are relations. */
export function isRelation(objectType: string): boolean {
  return /^OBJECT_(TABLE|VIEW|MATVIEW|INDEX|SEQUENCE|FOREIGN_TABLE)$/.test(objectType);
}
