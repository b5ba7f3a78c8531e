import type { JsonObject } from "../../src/document/json.js";
import { prose, Sequence } from "./random.js";

const reference = (name: string): JsonObject => ({ $ref: `#/definitions/${name}` });

/** Simple types in about the proportions of the vendor's document. */
const simple: readonly JsonObject[] = [
  ...Array.from({ length: 24 }, () => ({ type: "string" })),
  ...Array.from({ length: 4 }, () => ({ type: "integer", format: "int64" })),
  ...Array.from({ length: 3 }, () => ({ type: "integer" })),
  ...Array.from({ length: 4 }, () => ({ type: "boolean" })),
  ...Array.from({ length: 3 }, () => ({ type: "string", format: "date-time" })),
  { type: "string", format: "uuid" },
  { type: "string", format: "double" },
  { type: "string", format: "duration" },
  { type: "number", format: "double" },
  { type: "integer", format: "int32" },
  { type: "object", additionalProperties: { type: "string" } },
];

const subjects = [
  "Application",
  "Service",
  "Node",
  "Replica",
  "Partition",
  "Cluster",
  "Network",
  "Volume",
  "Secret",
];
const aspects = [
  "Health",
  "Load",
  "Upgrade",
  "Backup",
  "Repair",
  "Chaos",
  "Manifest",
  "Quota",
  "Policy",
  "Name",
];

/** Models, enums and hierarchies, `count` of them, to be put beside the definitions of the image store. */
export class Definitions {
  readonly all: JsonObject = {};
  /** Models that operations may send and receive. */
  readonly models: string[] = [];
  readonly #sequence = new Sequence(82);
  readonly #enums: string[] = [];

  constructor(count: number) {
    for (let number = 0; number < 118; number++) this.#addEnum(number);
    for (let number = 0; number < 20; number++)
      this.#add(`${this.#name(number)}Id`, { type: "string", description: this.#prose(14) });
    this.#addEvents();
    this.#addEvaluations();
    for (let number = 0; number < 16; number++) this.#addFamily(number);
    this.#addProperties();
    for (let number = 0; Object.keys(this.all).length < count; number++) this.#addModel(number);
  }

  #add(name: string, definition: JsonObject): string {
    this.all[name] = definition;
    return name;
  }

  #name(number: number): string {
    const subject = subjects[number % subjects.length] ?? "";
    const aspect = aspects[Math.floor(number / subjects.length) % aspects.length] ?? "";
    const round = Math.floor(number / (subjects.length * aspects.length));
    return `${subject}${aspect}${round === 0 ? "" : round}`;
  }

  #prose(count: number): string {
    return prose(this.#sequence, count);
  }

  #addEnum(number: number): void {
    const name = `${this.#name(number)}Kind`;
    const values = ["Invalid", "Ready", "Moving", "Failed", "Unknown"].slice(0, 3 + (number % 3));
    this.#add(name, enumOf(name, values, this.#prose(30)));
    this.#enums.push(name);
  }

  #properties(count: number): JsonObject {
    const properties: JsonObject = {};
    for (let number = 0; number < count; number++) {
      const name = `${this.#sequence.pick(aspects)}${this.#sequence.pick(subjects)}${number}`;
      properties[name] = this.#property();
    }
    return properties;
  }

  #property(): JsonObject {
    const roll = this.#sequence.below(100);
    if (roll < 14) return { ...reference(this.#sequence.pick(this.#enums)) };
    if (roll < 22 && this.models.length > 0)
      return { ...reference(this.#sequence.pick(this.models)), description: this.#prose(12) };
    if (roll < 32) {
      const items =
        this.#sequence.chance(60) && this.models.length > 0
          ? reference(this.#sequence.pick(this.models))
          : { type: "string" };
      return { type: "array", items, description: this.#prose(18) };
    }
    return { ...this.#sequence.pick(simple), description: this.#prose(32) };
  }

  /** Three levels; each middle level is an event of its own too. */
  #addEvents(): void {
    const kinds: string[] = [];
    this.#add("FabricEvent", {
      description: this.#prose(20),
      discriminator: "Kind",
      required: ["Kind", "EventInstanceId"],
      properties: {
        Kind: reference("FabricEventKind"),
        EventInstanceId: { type: "string", format: "uuid", description: this.#prose(8) },
        TimeStamp: { type: "string", format: "date-time" },
        HasCorrelatedEvents: { type: "boolean" },
      },
    });
    for (const subject of subjects.slice(0, 7)) {
      const middle = this.#addSubtype(`${subject}Event`, "FabricEvent", 1, { discriminator: "Kind" });
      kinds.push(middle);
      for (const aspect of aspects) kinds.push(this.#addSubtype(`${subject}${aspect}Event`, middle, 2));
    }
    this.#add("FabricEventKind", enumOf("FabricEventKind", kinds, this.#prose(30)));
    this.models.push("FabricEvent", "ApplicationEvent");
  }

  /** A type names itself as the value, or a shorter one. */
  #addSubtype(name: string, base: string, count: number, more: JsonObject = {}, value = name): string {
    return this.#add(name, {
      "x-ms-discriminator-value": value,
      description: this.#prose(20),
      allOf: [reference(base)],
      properties: this.#properties(count),
      ...more,
    });
  }

  /** A tree: an evaluation holds wrappers, and each wrapper holds an evaluation. */
  #addEvaluations(): void {
    const kinds = subjects.flatMap((subject) => [subject, `${subject}s`, `Deployed${subject}`]);
    this.#add("HealthEvaluationKind", enumOf("HealthEvaluationKind", kinds, this.#prose(30)));
    this.#add("HealthEvaluation", {
      description: this.#prose(20),
      discriminator: "Kind",
      required: ["Kind"],
      properties: { Kind: reference("HealthEvaluationKind"), Description: { type: "string" } },
    });
    this.#add("HealthEvaluationWrapper", { properties: { HealthEvaluation: reference("HealthEvaluation") } });
    const UnhealthyEvaluations = { type: "array", items: reference("HealthEvaluationWrapper") };
    for (const kind of kinds) {
      const properties = { ...this.#properties(2), UnhealthyEvaluations };
      this.#addSubtype(`${kind}HealthEvaluation`, "HealthEvaluation", 0, { properties }, kind);
    }
    this.models.push("HealthEvaluationWrapper", "HealthEvaluation");
  }

  #addFamily(number: number): void {
    const base = this.#add(`${this.#name(number)}Description`, {
      description: this.#prose(30),
      discriminator: "ServiceKind",
      required: ["ServiceKind"],
      properties: { ServiceKind: { type: "string", description: this.#prose(10) }, ...this.#properties(4) },
    });
    for (const kind of ["Stateful", "Stateless", "Container"].slice(0, 2 + (number % 2)))
      this.#addSubtype(`${kind}${base}`, base, 3, {}, kind);
    this.models.push(base);
  }

  /** Two levels, the middle one only a group; and a base that nobody extends. */
  #addProperties(): void {
    const kind = { type: "string", description: this.#prose(10) };
    this.#add("SecretPropertiesBase", {
      type: "object",
      discriminator: "kind",
      required: ["kind"],
      properties: { kind },
    });
    this.#add("SecretProperties", {
      type: "object",
      allOf: [reference("SecretPropertiesBase")],
      properties: { status: { type: "string", readOnly: true } },
    });
    this.#addSubtype("InlinedSecretProperties", "SecretProperties", 1, { type: "object" }, "inlinedValue");
    this.#add("LonelyBase", { discriminator: "Kind", required: ["Kind"], properties: { Kind: kind } });
    this.models.push("SecretPropertiesBase", "SecretProperties", "LonelyBase");
  }

  #addModel(number: number): void {
    const name = `${this.#name(number)}Info`;
    const properties = this.#properties(2 + this.#sequence.below(5));
    if (number % 20 === 0) properties["Children"] = { type: "array", items: reference(name) };
    const names = Object.keys(properties).filter((property) => property !== "Children");
    const required = names.filter(() => this.#sequence.chance(20));
    const isList = number % 9 === 8;
    this.#add(name, {
      ...(number % 25 === 0 ? { type: "object" } : {}),
      description: this.#prose(28),
      ...(required.length === 0 || isList ? {} : { required }),
      properties: isList
        ? {
            ContinuationToken: { type: "string" },
            Items: { type: "array", items: reference(this.#sequence.pick(this.models)) },
          }
        : properties,
    });
    this.models.push(name);
  }
}

function enumOf(name: string, values: readonly string[], description: string): JsonObject {
  return { type: "string", description, enum: [...values], "x-ms-enum": { name, modelAsString: true } };
}
