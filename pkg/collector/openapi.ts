// The readers' API as OpenAPI 3.1, made of the same lists that the routes check against.
import { type Fields, type FieldType, VIEWS } from "../store/fields.ts";
import { OPERATORS } from "../store/question.ts";
import { NAMED, PARAMETERS } from "./named-questions.ts";

type Json = Readonly<Record<string, unknown>>;

const types: Readonly<Record<FieldType, Json>> = {
  text: { type: ["string", "null"] },
  texts: { type: "array", items: { type: "string" } },
  integer: { type: ["integer", "null"] },
  time: { type: ["integer", "null"], description: "Milliseconds since 1970, UTC." },
  boolean: { type: ["boolean", "null"] },
};

export function openApi(version: string): Json {
  return {
    openapi: "3.1.0",
    info: {
      title: "Weir collector, for readers",
      version,
      description:
        "Questions to the records, the ledger and its proofs. Each request of a reader is recorded before it is answered.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ token: [] }, { certificate: [] }],
    paths: paths(),
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" }, certificate: { type: "mutualTLS" } },
      schemas: schemas(),
    },
  };
}

function paths(): Json {
  const read = (summary: string, more: Json = {}, answer: Json = { type: "object" }) => ({
    summary,
    ...more,
    responses: {
      200: { description: "The answer", content: { "application/json": { schema: answer } } },
      ...refusals,
    },
  });
  const named = { parameters: [path("name", "A view's name")] };
  const rows = { "text/csv": { schema: { type: "string" } }, "application/x-ndjson": { schema: { type: "string" } } };
  return {
    "/v1/query": {
      post: {
        summary: "Answers a question",
        requestBody: { required: true, content: { "application/json": { schema: ref("Asked") } } },
        responses: {
          200: { description: "Rows", content: { "application/json": { schema: ref("Answer") }, ...rows } },
          ...refusals,
        },
      },
    },
    "/v1/questions": { get: read("The questions with a name") },
    "/v1/sessions/{id}": { get: read("A session and its statements", { parameters: [path("id", "32 hex digits")] }) },
    "/v1/views": { get: read("Saved views") },
    "/v1/views/{name}": {
      put: read("Saves a view", {
        ...named,
        requestBody: { required: true, content: { "application/json": { schema: ref("NewView") } } },
      }),
      delete: read("Removes a view", named),
    },
    "/v1/chains": { get: read("Each chain and its state", { parameters: [inQuery("after"), inQuery("limit")] }) },
    "/v1/alarms": { get: read("Gaps, forks, ends and deletions", { parameters: [inQuery("before")] }) },
    "/v1/proof": { get: read("One record with its proof", { parameters: [inQuery("chain"), inQuery("number")] }) },
    "/v1/traces/{id}": { get: read("The spans of a trace", { parameters: [path("id", "32 hex digits")] }) },
    "/v1/legal-holds": { get: read("Legal holds") },
    "/v1/evidence": {
      post: {
        summary: "Writes evidence of a selection",
        requestBody: { required: true, content: { "application/json": { schema: { type: "object" } } } },
        responses: {
          200: { description: "An evidence file", content: { "application/vnd.weir.evidence": {} } },
          ...refusals,
        },
      },
    },
    "/v1/tail": {
      get: {
        summary: "The live view as server-sent events",
        responses: { 200: { description: "Events", content: { "text/event-stream": {} } }, ...refusals },
      },
    },
    "/v1/openapi.json": { get: { ...read("This page"), security: [] } },
    "/v1/checkpoint": {
      get: {
        summary: "The log's newest signed checkpoint",
        security: [],
        responses: { 200: { description: "A signed note", content: { "text/plain": {} } } },
      },
    },
  };
}

const refusal = (description: string) => ({ description, content: { "application/json": { schema: ref("Refusal") } } });
const refusals = {
  400: refusal("What does not fit, each with its place"),
  401: refusal("No registered reader"),
  403: refusal("The role or the scope does not allow it"),
  404: refusal("It is not there, or not for this reader"),
  503: refusal("Not now: the ledger or the index cannot be used, or the look-up cannot be recorded"),
};

function schemas(): Json {
  const views = Object.fromEntries(
    Object.entries(VIEWS).map(([name, fields]) => [
      `${name[0]!.toUpperCase()}${name.slice(1)}Row`,
      {
        type: "object",
        properties: Object.fromEntries(Object.entries(fields as Fields).map(([field, type]) => [field, types[type]])),
      },
    ]),
  );
  const scalar = { type: ["string", "integer", "boolean"] };
  return {
    ...views,
    Refusal: {
      type: "object",
      required: ["error"],
      properties: { error: { type: "string" }, problems: { type: "array", items: { type: "string" } } },
    },
    Condition: {
      type: "object",
      required: ["field", "op", "value"],
      properties: {
        field: { type: "string" },
        op: { enum: OPERATORS },
        value: { anyOf: [scalar, { type: "array", items: scalar }] },
      },
    },
    Question: {
      type: "object",
      required: ["from"],
      additionalProperties: false,
      properties: {
        from: { enum: Object.keys(VIEWS) },
        where: { type: "array", items: ref("Condition"), maxItems: 32 },
        select: { type: "array", items: { type: "string" } },
        groupBy: { type: "array", items: { type: "string" } },
        measures: { type: "array", items: { type: "object", minProperties: 1, maxProperties: 1 } },
        orderBy: {
          type: "array",
          items: {
            type: "object",
            required: ["by"],
            properties: { by: { type: "string" }, descending: { type: "boolean" } },
          },
        },
        limit: { type: "integer", minimum: 1, maximum: 10_000 },
        offset: { type: "integer", minimum: 0 },
      },
    },
    Named: {
      type: "object",
      required: ["ask"],
      properties: {
        ask: { enum: Object.keys(NAMED) },
        with: {
          type: "object",
          properties: Object.fromEntries(
            Object.entries(PARAMETERS).map(([name, description]) => [name, { description }]),
          ),
        },
        limit: { type: "integer" },
        offset: { type: "integer" },
      },
    },
    Saved: {
      type: "object",
      required: ["view"],
      properties: { view: { type: "string" }, limit: { type: "integer" }, offset: { type: "integer" } },
    },
    Asked: { anyOf: [ref("Question"), ref("Named"), ref("Saved")] },
    NewView: {
      type: "object",
      required: ["question"],
      properties: { question: ref("Question"), shared: { type: "boolean" } },
    },
    Answer: {
      type: "object",
      required: ["fields", "rows", "more", "indexedUpTo"],
      properties: {
        fields: {
          type: "array",
          items: {
            type: "object",
            required: ["name", "type"],
            properties: { name: { type: "string" }, type: { enum: Object.keys(types) } },
          },
        },
        rows: { type: "array", items: { type: "array" } },
        more: { type: "boolean", description: "There are more rows than the limit." },
        indexedUpTo: { type: "integer", description: "Entries of the log below this one are in the answer." },
      },
    },
  };
}

function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function path(name: string, description: string): Json {
  return { name, in: "path", required: true, description, schema: { type: "string" } };
}

function inQuery(name: string): Json {
  return { name, in: "query", required: false, schema: { type: "string" } };
}
