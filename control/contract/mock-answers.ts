/** Answers of an operation from the examples of its contract, and from its schemas where there are none. Made by control, chosen by nodes. Pure. */
import type { Json } from '@weir/proto/contract/json-value.js';
import { isSendableValue } from '@weir/proto/http/headers.js';
import type { MockAnswerSpec } from '@weir/proto/snapshot/contract.js';
import { type Contract, isJsonType, type Media, type Operation, type ResponseOf } from './contract.js';
import { ContractFaults } from './contract-faults.js';
import { References } from './references.js';
import { isScalar, Sampler } from './sample.js';

/** Of one answer, and of all of one operation: they are held by each node. */
const BODY_LENGTH_MAX = 64 * 1024;
const ANSWERS_LENGTH_MAX = 256 * 1024;

export function mockAnswers(contract: Contract, operation: Operation): MockAnswerSpec[] {
  const sampler = new Sampler(new References(contract.document, new ContractFaults()));
  const hasSuccess = operation.responses.some(({ status }) => /^2/.test(status));
  let length = 0;
  return operation.responses
    .flatMap((response) => answersOf(response, sampler, hasSuccess))
    .filter(({ body }) => {
      length += body.length;
      return body.length <= BODY_LENGTH_MAX && length <= ANSWERS_LENGTH_MAX;
    });
}

function answersOf(response: ResponseOf, sampler: Sampler, hasSuccess: boolean): MockAnswerSpec[] {
  const range = rangeOf(response.status, hasSuccess);
  if (range.status < 200) return [];
  const headers = headersOf(response, sampler);
  const isEmpty = response.content.length === 0 || range.status === 204 || range.status === 304;
  if (isEmpty) return [{ ...range, name: '', type: '', headers, body: '' }];
  return response.content.flatMap((media) => {
    const type = concreteType(media.type);
    return bodiesOf(media, type, sampler).map(({ name, body }) => ({ ...range, name, type, headers, body }));
  });
}

function rangeOf(status: string, hasSuccess: boolean): { status: number; from: number; to: number } {
  if (status === 'default') return { status: hasSuccess ? 500 : 200, from: 200, to: 599 };
  if (!status.endsWith('XX')) return { status: Number(status), from: Number(status), to: Number(status) };
  const from = Number(status[0]) * 100;
  return { status: from, from, to: from + 99 };
}

const concreteType = (type: string): string =>
  type === '*/*' || type === 'application/*' ? 'application/json' : type.replace('/*', '/plain');

function bodiesOf({ examples, schema }: Media, type: string, sampler: Sampler): { name: string; body: string }[] {
  const stated = examples.flatMap(({ name, value }) => written(value, type, name));
  if (stated.length > 0) return stated;
  const made = schema === null ? '' : sampler.of(schema);
  return made === undefined ? [] : written(made, type, '');
}

/** A value as its media type has it; JSON, or a text as it is. */
function written(value: Json, type: string, name: string): { name: string; body: string }[] {
  if (isJsonType(type)) return [{ name, body: JSON.stringify(value) }];
  if (isScalar(value)) return [{ name, body: String(value) }];
  return [];
}

const OWN = new Set([
  'content-type',
  'content-length',
  'transfer-encoding',
  'connection',
  'date',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
]);

function headersOf({ headers }: ResponseOf, sampler: Sampler): string[] {
  return headers.flatMap(({ name, schema, example }) => {
    const value = example ?? (schema === null ? undefined : sampler.of(schema));
    const field = name.toLowerCase();
    if (
      value === undefined ||
      value === null ||
      !isScalar(value) ||
      OWN.has(field) ||
      !/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(field)
    )
      return [];
    const text = String(value);
    return isSendableValue(text) && text.length <= 2_000 ? [field, text] : [];
  });
}
