// What a `when` expression sees of a principal, a session and a statement. Absent names are empty texts.
import type { Principal } from "../principal/principal.ts";
import type { Facts } from "../sql/facts.ts";
import type { DatabaseName, SessionContext } from "./rules.ts";

type Input = Readonly<Record<string, unknown>>;

export function principalInput(principal: Principal): Input {
  const {
    kind,
    name,
    issuer,
    groups,
    assurance,
    login,
    serviceAccount = "",
    client = "",
    claims = {},
    actingFor,
  } = principal;
  return {
    kind,
    name,
    issuer,
    groups,
    assurance,
    login,
    serviceAccount,
    client,
    claims,
    actingFor: actingFor === undefined ? nobody : principalInput(actingFor),
  };
}

const nobody: Input = {
  kind: "",
  name: "",
  issuer: "",
  groups: [],
  assurance: "",
  login: "",
  serviceAccount: "",
  client: "",
  claims: {},
};

export function sessionInput(session: SessionContext, database: DatabaseName): Input {
  return {
    environment: session.environment,
    cluster: session.cluster,
    namespace: database.namespace,
    database: database.name,
    application: session.application ?? "",
    clientAddress: session.clientAddress,
  };
}

/** Of a statement that is not understood only that is told, so whatever else is asked is unknown. */
export function statementInput(facts: Facts): Input {
  if (!facts.understood) return { understood: false };
  return {
    understood: true,
    kind: facts.kind,
    effects: facts.effects,
    relations: facts.relations.map(({ schema, name }) => `${schema}.${name}`),
    functions: facts.functions.map(({ name }) => name),
  };
}
