/** What the answer of a part is worth: its value, or why there is none, as the composed answer tells it. Pure. */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import { isObject, parsedJson } from '../../ai/json.js';
import type { CallEnd } from '../../calls/inner-call.js';

export interface PartAnswer {
  readonly ok: true;
  readonly status: number;
  readonly value: unknown;
  readonly headers: HeaderList;
}

/** As it stands in `errors`. */
export interface PartError {
  readonly part: string;
  /** Of a part with `forEach`: which element of its list. */
  readonly index?: number;
  /** Null: there was no answer. */
  readonly status: number | null;
  /** Of the problem that was answered, or what happened here. */
  readonly type: string;
  readonly detail: string;
  /** The timer that fired, where one did. */
  readonly timer?: string;
}

export type PartFault = Omit<PartError, 'part' | 'index'>;

export type PartOutcome = PartAnswer | { readonly ok: false; readonly fault: PartFault };

/** Of another's answer no more than this is shown. */
const DETAIL_LENGTH_MAX = 300;

export function partOutcome(end: CallEnd): PartOutcome {
  if (end.kind === 'failed') {
    const { failure, why } = end;
    const timer = failure?.timer === undefined ? {} : { timer: failure.timer };
    return failed({
      status: null,
      type: `urn:weir:problem:${failure?.code ?? 'part_unusable'}`,
      detail: why,
      ...timer,
    });
  }
  const { status, headers, bytes } = end;
  const type = mediaTypeOf(headerValue(headers, 'content-type'));
  const text = textOf(bytes);
  if (status < 200 || status > 299) return failed(faultOf(status, type, text));
  if (text === '') return { ok: true, status, value: null, headers };
  const isJson = type === '' || /[/+]json$/.test(type);
  if (!isJson && type.startsWith('text/') && text !== null) return { ok: true, status, value: text, headers };
  const value = text === null || !isJson ? undefined : parsedJson(text);
  if (value !== undefined) return { ok: true, status, value, headers };
  const detail = 'The answer is no JSON, or nested deeper than 256 levels.';
  return failed({ status, type: 'urn:weir:problem:part_unusable', detail });
}

export function failed(fault: PartFault): PartOutcome {
  return { ok: false, fault };
}

/** A request that could not be made, or that nobody takes. */
export function notAsked(detail: string): PartOutcome {
  return failed({ status: null, type: 'urn:weir:problem:part_not_asked', detail });
}

function faultOf(status: number, type: string, text: string | null): PartFault {
  const problem = type === 'application/problem+json' && text !== null ? parsedJson(text) : undefined;
  const words = isObject(problem) ? problem : {};
  const said = (name: string): string | undefined => {
    const value = words[name];
    return typeof value === 'string' ? value.slice(0, DETAIL_LENGTH_MAX) : undefined;
  };
  const timer = said('timer');
  return {
    ...{ status, type: said('type') ?? 'about:blank', detail: said('detail') ?? said('title') ?? `HTTP ${status}` },
    ...(timer === undefined ? {} : { timer }),
  };
}

/** Null: it is no text in UTF-8. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
