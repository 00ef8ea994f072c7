/**
 * One route's contract, ready to hold requests to it: each parameter and a JSON body against its schema. Schemas become checks when a request first
 * meets them. Pure but for what it remembers of that.
 */
import type { Json } from '@weir/proto/contract/json-value.js';
import { type CompileOptions, compileSchemas } from '@weir/proto/contract/schema-check.js';
import { type Check, Run } from '@weir/proto/contract/schema-run.js';
import type { BodyTypeSpec, ContractSpec, ParameterSpec, RouteContractSpec } from '@weir/proto/snapshot/contract.js';
import type { RequestTexts } from './parameter-texts.js';
import { readParameter } from './parameter-values.js';

/** Of one request; who has more to mend sees the rest at the next try. */
export const contractFaultsMax = 20;

export interface ContractFault {
  /** `query.limit`, `path.id`, `header.x-trace`, `cookie.session`, `body`, `body/items/0/price`. */
  readonly where: string;
  /** Without any value of the request. */
  readonly what: string;
}

export type CompilePattern = CompileOptions['pattern'];

export class Held {
  readonly spec: RouteContractSpec;
  readonly #schemas: SchemaTexts;
  #parameters: readonly { readonly parameter: ParameterSpec; readonly check: Check }[] | null = null;
  readonly #bodies = new Map<BodyTypeSpec, Check>();

  constructor(spec: RouteContractSpec, schemas: SchemaTexts) {
    this.spec = spec;
    this.#schemas = schemas;
  }

  parameters(request: RequestTexts): ContractFault[] {
    this.#parameters ??= this.spec.parameters.map((parameter) => ({
      parameter,
      check: this.#schemas.check(parameter.schema),
    }));
    const faults: ContractFault[] = [];
    const work = { left: HEAD_WORK_MAX };
    for (const { parameter, check } of this.#parameters) {
      if (faults.length >= contractFaultsMax) break;
      faults.push(...parameterFaults(parameter, check, request, contractFaultsMax - faults.length, work));
    }
    return faults;
  }

  /** `faultsMax`: how many more are told. */
  body(type: BodyTypeSpec, value: Json, faultsMax: number): ContractFault[] {
    if (type.schema === null) return [];
    const check = this.#bodies.get(type) ?? this.#schemas.check(type.schema);
    this.#bodies.set(type, check);
    const run = new Run(faultsMax);
    check(value, run, null);
    const faults = run.faults.map(({ path, what }) => ({ where: ['body', ...path.map(stepText)].join('/'), what }));
    return run.isExhausted ? [{ where: 'body', what: TOO_MUCH }, ...faults].slice(0, Math.max(1, faultsMax)) : faults;
  }
}

const TOO_MUCH = 'takes more work to check than is allowed';

/** A step of a JSON pointer, short enough to be shown. */
function stepText(step: string | number): string {
  const text = String(step).replaceAll('~', '~0').replaceAll('/', '~1');
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function parameterFaults(
  parameter: ParameterSpec,
  check: Check,
  request: RequestTexts,
  faultsMax: number,
  work: { left: number },
): ContractFault[] {
  const where = `${parameter.in}.${parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name}`;
  const reading = readParameter(parameter, request);
  switch (reading.kind) {
    case 'absent':
      return parameter.isRequired ? [{ where, what: 'is required' }] : [];
    case 'empty':
      return [];
    case 'wrong':
      return [{ where, what: reading.what }];
    default: {
      const runs = reading.values.map((value) => {
        const most = Math.min(PARAMETER_WORK_MAX, work.left);
        const run = new Run(faultsMax, most);
        check(value, run, null);
        work.left -= most - Math.max(0, run.workLeft);
        return run;
      });
      const [first] = runs;
      if (first === undefined || runs.some((run) => run.faults.length === 0 && !run.isExhausted)) return [];
      if (first.isExhausted) return [{ where, what: TOO_MUCH }];
      // All parameters are texts; that one "is a string" tells a caller nothing.
      return first.faults.map(({ path, what }) => ({
        where: [where, ...path].join('.'),
        what: what.replace(/, is an? \w+$/, ''),
      }));
    }
  }
}

/** A head is small, and a check of it is, too. */
const PARAMETER_WORK_MAX = 100_000;
/** Of all parameters together. */
const HEAD_WORK_MAX = 400_000;

/** The schemas of one contract: texts until they are met. */
export class SchemaTexts {
  readonly #spec: ContractSpec;
  #texts: ReadonlyMap<string, string> | null = null;
  readonly #parsed = new Map<string, Json>();
  readonly #compile: (schema: Json) => Check;

  constructor(spec: ContractSpec, pattern: CompilePattern) {
    const { dialect } = spec;
    this.#spec = spec;
    this.#compile = compileSchemas({ dialect, direction: 'request', resolve: (ref) => this.#resolve(ref), pattern });
  }

  check(schema: string): Check {
    return this.#compile(JSON.parse(schema) as Json); // Control has written it.
  }

  /** The same object each time: it is compiled once. */
  #resolve(ref: string): Json | undefined {
    const known = this.#parsed.get(ref);
    if (known !== undefined) return known;
    // When the first one is looked for: a snapshot may have thousands of contracts, of which few are called.
    this.#texts ??= new Map(this.#spec.schemas);
    const text = this.#texts.get(ref);
    if (text === undefined) return undefined;
    const schema = JSON.parse(text) as Json; // Likewise.
    this.#parsed.set(ref, schema);
    return schema;
  }
}
