/** What nodes hold the requests of a route to, from an operation of a contract. Pure. */
import { isObject, type Json } from '@weir/proto/contract/json-value.js';
import type {
  BodySpec,
  ContractSpec,
  ParameterSpec,
  RouteContractSpec,
  ShapeSpec,
} from '@weir/proto/snapshot/contract.js';
import { type Contract, isJsonType, type Operation, type Parameter } from './contract.js';
import type { References } from './references.js';
import { partOf, SchemaClosure, typesOf } from './schema-closure.js';

export interface HeldOperation {
  readonly operation: Operation;
  readonly mode: 'tell' | 'refuse';
  readonly bodyBytesMax: number;
  /** Name in the contract → name in the route's path; null: it has none, and it is not looked at. */
  readonly paramOf: (name: string) => string | null;
}

/** One contract of a snapshot: of its schemas, those that the routes which were asked for refer to. */
export class ContractCompiler {
  readonly #id: string;
  readonly #contract: Contract;
  readonly #closure: SchemaClosure;

  constructor(id: string, contract: Contract) {
    this.#id = id;
    this.#contract = contract;
    this.#closure = new SchemaClosure(contract);
  }

  hold({ operation, mode, bodyBytesMax, paramOf }: HeldOperation): RouteContractSpec {
    return {
      ...{ of: this.#id, operation: operation.id, mode },
      parameters: operation.parameters.flatMap((parameter) => {
        const param = parameter.in === 'path' ? paramOf(parameter.name) : '';
        return param === null ? [] : [this.#parameter(parameter, param)];
      }),
      body: this.#body(operation, bodyBytesMax),
    };
  }

  /** When all routes have been asked for. */
  spec(): ContractSpec {
    return { id: this.#id, dialect: this.#contract.dialect, schemas: this.#closure.schemas };
  }

  #parameter(parameter: Parameter, param: string): ParameterSpec {
    const { name, isRequired, style, explode, isJson, schema } = parameter;
    return {
      ...{ name, in: parameter.in, param, isRequired, allowsEmpty: parameter.allowsEmpty, style, explode, isJson },
      shapes: isJson ? [{ kind: 'scalar', types: [] }] : shapesOf(schema, this.#closure.references),
      schema: this.#closure.textOf(schema ?? true),
    };
  }

  #body({ body }: Operation, bytesMax: number): BodySpec | null {
    if (body === null || body.content.length === 0) return null;
    const types = body.content.map(({ type, schema }) => ({
      type,
      schema: schema !== null && isJsonType(type) ? this.#closure.textOf(schema) : null,
    }));
    return { isRequired: body.isRequired, bytesMax, types };
  }
}

const SCALARS = ['integer', 'number', 'boolean', 'null', 'string'];

/** What a text may be read as; a list or an object where the schema allows one, and else a single value. */
export function shapesOf(schema: Json | null, references: References): ShapeSpec[] {
  const types = typesOf(schema ?? undefined, references);
  const shapes: ShapeSpec[] = [];
  if (types.has('object')) {
    const properties = partOf(schema ?? undefined, 'properties', references);
    const members = Object.entries(isObject(properties) ? properties : {}).map(([name, one]) => {
      const own = typesOf(one, references);
      const isList = own.has('array');
      const item = isList ? typesOf(partOf(one, 'items', references), references) : own;
      return [name, scalarsIn(item), isList] as const;
    });
    shapes.push({ kind: 'object', members });
  }
  if (types.has('array')) {
    const items =
      partOf(schema ?? undefined, 'items', references) ?? partOf(schema ?? undefined, 'prefixItems', references);
    shapes.push({ kind: 'list', items: scalarsIn(typesOf(items, references)) });
  }
  const scalars = scalarsIn(types);
  if (scalars.length > 0 || shapes.length === 0) shapes.push({ kind: 'scalar', types: scalars });
  return shapes;
}

function scalarsIn(types: ReadonlySet<string>): string[] {
  return SCALARS.filter((type) => types.has(type));
}
