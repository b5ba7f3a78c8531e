import type { Contract } from "./contract.js";
import { checkExchange, type Exchange, exampleOf } from "./exchange.js";
import { FindingCollector } from "./findings.js";
import { type Redactor, removed } from "./redact.js";
import type { CheckReport } from "./reports.js";
import type { Violation } from "./values.js";

/** Checks live traffic as it ends, and keeps what a summary needs: however long it runs, a bounded amount. */
export class TrafficWatch {
  /** Exchanges that ended before they could be checked. */
  broken = 0;
  readonly #findings = new FindingCollector(3, 1000);
  readonly #operations = new Set<string>();
  #exchanges = 0;

  constructor(
    readonly contract: Contract,
    readonly redactor: Redactor,
  ) {}

  see(exchange: Exchange): void {
    this.#exchanges++;
    const operationId = exampleOf(this.contract, exchange)?.operation.id;
    if (operationId !== undefined) this.#operations.add(operationId);
    const { method, url } = exchange.request;
    const place = `${method} ${this.redactor.url(new URL(url).pathname)}`;
    this.add(place, checkExchange(this.contract, exchange), operationId);
  }

  /** Violations of several exchanges; `place` stands in the summary where a file would. */
  add(place: string, violations: readonly Violation[], operationId?: string): void {
    const owner = operationId === undefined ? {} : { operationId };
    for (const each of violations)
      this.#findings.add({
        ...this.#withoutSecrets(each),
        ...owner,
        file: place,
        line: this.#exchanges,
        column: 1,
      });
  }

  #withoutSecrets({ actual, ...found }: Violation): Violation {
    const isSecret = found.pointer.split("/").some((part) => this.redactor.isSecret(part));
    if (isSecret) return { ...found, message: `expected ${found.expected}, got ${removed}` };
    const shown = actual === undefined ? {} : { actual: this.redactor.text(actual) };
    return { ...found, ...shown, message: this.redactor.text(found.message) };
  }

  /** Lines of it are numbers of exchanges. */
  report(): CheckReport {
    return {
      groups: this.#findings.groups(),
      ignored: [],
      files: [],
      checked: { examples: 0, exchanges: this.#exchanges },
      operations: { used: this.#operations.size, total: this.contract.size },
      coverage: undefined,
    };
  }
}
