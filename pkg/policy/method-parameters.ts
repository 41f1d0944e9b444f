// The parameters of every masking method, as data: `resources` validates YAML against it, `mask` reads values through it.
import type { MaskMethod, MethodName } from "./decision.ts";

export type ParameterSchema =
  | { readonly kind: "boolean"; readonly default: boolean; readonly about: string }
  | {
      readonly kind: "integer";
      readonly min: number;
      readonly max: number;
      readonly default: number;
      readonly about: string;
    }
  /** A finite number in `[min, max]`, not 0. */
  | {
      readonly kind: "number";
      readonly min: number;
      readonly max: number;
      readonly default: number;
      readonly about: string;
    }
  | {
      readonly kind: "choice";
      readonly values: readonly string[];
      readonly default: string;
      readonly about: string;
    }
  /** `pattern`: source of a regular expression that the whole text matches. `required`: there is no default. */
  | {
      readonly kind: "text";
      readonly charactersMax: number;
      readonly pattern: string;
      readonly default: string;
      readonly required: boolean;
      readonly about: string;
    };

export interface MethodSchema {
  /** Works only with a master key; without one it is a configuration error. */
  readonly needsKey: boolean;
  readonly about: string;
  readonly parameters: Readonly<Record<string, ParameterSchema>>;
}

const character: ParameterSchema = {
  kind: "text",
  charactersMax: 1,
  pattern: "[^\\u0000-\\u001f\\u007f]",
  default: "*",
  required: false,
  about: "the character that stands for what is hidden",
};

export const METHOD_PARAMETERS: Readonly<Record<MethodName, MethodSchema>> = {
  Null: { needsKey: false, about: "NULL instead of the value", parameters: {} },
  Default: { needsKey: false, about: "the neutral value of the type; for text a visible marker", parameters: {} },
  Redact: {
    needsKey: false,
    about: "a marker instead of a text",
    parameters: {
      text: {
        kind: "text",
        charactersMax: 64,
        pattern: "[^\\u0000]+",
        default: "[redacted]",
        required: false,
        about: "the marker",
      },
      keepLength: {
        kind: "boolean",
        default: false,
        about: "one `character` per character of the value instead of the marker",
      },
      character,
    },
  },
  Partial: {
    needsKey: false,
    about: "keeps a part of a text or address",
    parameters: {
      kind: {
        kind: "choice",
        values: ["Auto", "Email", "Phone", "Card", "Iban", "Ip", "Generic"],
        default: "Auto",
        about: "what the text is; Auto looks at each value",
      },
      keepFirst: {
        kind: "integer",
        min: 0,
        max: 16,
        default: 1,
        about: "characters kept at the start (Generic, Email)",
      },
      keepLast: { kind: "integer", min: 0, max: 16, default: 0, about: "characters kept at the end (Generic)" },
      keepDomain: { kind: "boolean", default: true, about: "keeps what follows the @ of an e-mail address" },
      prefix4: { kind: "integer", min: 0, max: 24, default: 16, about: "bits kept of an IPv4 address" },
      prefix6: { kind: "integer", min: 0, max: 64, default: 32, about: "bits kept of an IPv6 address" },
      character,
    },
  },
  Token: {
    needsKey: true,
    about: "a keyed pseudonym: equal values give equal tokens",
    parameters: {
      as: {
        kind: "choice",
        values: ["Text", "Email", "Digits", "Uuid", "Integer"],
        default: "Text",
        about: "how the token of a text looks; integer, numeric and uuid columns keep their type",
      },
      digits: { kind: "integer", min: 12, max: 32, default: 16, about: "length of a token of Digits" },
    },
  },
  Encrypt: {
    needsKey: true,
    about: "format-preserving encryption (FF1), reversible with the key",
    parameters: {
      alphabet: {
        kind: "choice",
        values: ["Alphanumeric", "Digits"],
        default: "Alphanumeric",
        about: "characters that are encrypted; ASCII punctuation stays, any other character gives Default",
      },
    },
  },
  Fake: {
    needsKey: true,
    about: "an invented value, the same for the same value",
    parameters: {
      kind: {
        kind: "choice",
        values: ["Name", "FirstName", "LastName", "Email", "Phone", "Street", "City", "Country", "Company", "Word"],
        default: "Name",
        about: "what is invented for a text",
      },
    },
  },
  Round: {
    needsKey: false,
    about: "a number rounded to the nearest multiple",
    parameters: {
      to: { kind: "number", min: 1e-9, max: 1e15, default: 10, about: "the multiple, such as 100 or 0.5" },
    },
  },
  Bucket: {
    needsKey: false,
    about: "the lower bound of the bucket that a number falls into",
    parameters: {
      width: { kind: "number", min: 1e-9, max: 1e15, default: 10, about: "width of equal buckets that start at 0" },
      bounds: {
        kind: "text",
        charactersMax: 1000,
        pattern: "(-?[0-9]+(\\.[0-9]+)?(,-?[0-9]+(\\.[0-9]+)?)*)?",
        default: "",
        required: false,
        about:
          "ascending lower bounds, such as `0,18,30,65`, instead of `width`; what is below the first gets the first",
      },
    },
  },
  TruncateDate: {
    needsKey: false,
    about: "a date or time cut to the start of its unit, in UTC",
    parameters: {
      unit: {
        kind: "choice",
        values: ["Year", "Quarter", "Month", "Week", "Day", "Hour", "Minute"],
        default: "Month",
        about: "the unit",
      },
    },
  },
  ShiftDate: {
    needsKey: true,
    about: "a date moved by a number of days that depends on the subject of the same row",
    parameters: {
      subject: {
        kind: "text",
        charactersMax: 63,
        pattern: "[^\\u0000.]+",
        default: "",
        required: true,
        about: "column of the same table that identifies the subject; when it is not in the result, Default applies",
      },
      maxDays: { kind: "integer", min: 1, max: 3650, default: 180, about: "largest shift to either side, in days" },
    },
  },
};

/** True when a mask with this method cannot be made without a master key. */
export function needsKey(method: MethodName): boolean {
  return METHOD_PARAMETERS[method].needsKey;
}

function schemaOf(mask: MaskMethod, name: string): ParameterSchema {
  const schema = METHOD_PARAMETERS[mask.method].parameters[name];
  if (schema === undefined) throw new Error(`method ${mask.method} has no parameter ${name}`);
  return schema;
}

/** A text or choice parameter, or its default when absent or of another type. */
export function textParameter(mask: MaskMethod, name: string): string {
  const value = mask.parameters[name];
  const schema = schemaOf(mask, name);
  if (schema.kind === "choice")
    return typeof value === "string" && schema.values.includes(value) ? value : schema.default;
  return typeof value === "string" ? value : String(schema.default);
}

/** A number or integer parameter, or its default when absent, of another type or out of bounds. */
export function numberParameter(mask: MaskMethod, name: string): number {
  const value = mask.parameters[name];
  const schema = schemaOf(mask, name);
  if (schema.kind !== "number" && schema.kind !== "integer") throw new Error(`parameter ${name} is not a number`);
  return typeof value === "number" && value >= schema.min && value <= schema.max ? value : schema.default;
}

/** A boolean parameter, or its default when absent or of another type. */
export function booleanParameter(mask: MaskMethod, name: string): boolean {
  const value = mask.parameters[name];
  return typeof value === "boolean" ? value : schemaOf(mask, name).default === true;
}
