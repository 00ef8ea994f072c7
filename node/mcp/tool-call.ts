/**
 * One call of a tool: asks the tool's route through its whole chain, by an exchange of its own, as if the caller had come with that
 * request. So its limits, its cache, its budgets and its log are those of any request, and the caller's credentials decide. The call ends
 * in a result, whatever happens; the answer is bounded by the route and, with all answers that are held, by the node.
 */
import { type Failure, failureTable } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { joined } from '../ai/gateway/body-text.js';
import type { JsonObject } from '../ai/json.js';
import { WholeBody } from '../cache/whole-body.js';
import { madeRequest } from '../pipeline/derived-request.js';
import {
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
} from '../pipeline/dispatch.js';
import { createExchange } from '../pipeline/exchange.js';
import { type CallRequest, callRequest } from './call-request.js';
import { callerFields, callerKeys } from './caller-fields.js';
import type { McpRules, Tool } from './mcp-route.js';
import { failedResult, toolResult } from './tool-result.js';

/** So long before the client's deadline a tool has to be done, for its result has to be told. */
const LAST_WORD_MS = 40;

export class ToolCall implements ResponseHandler {
  readonly #tool: Tool;
  readonly #rules: McpRules;
  readonly #done: (result: JsonObject) => void;
  readonly #chunks: Uint8Array[] = [];
  #head: ResponseHead | null = null;
  #bytes = 0;
  #held = 0;
  #isOver = false;
  #below: GatewayRequest | null = null;
  #cancelBelow: Cancel = nothingToCancel;

  /** `done` is called once, unless the call is cancelled before. */
  constructor(tool: Tool, rules: McpRules, done: (result: JsonObject) => void) {
    this.#tool = tool;
    this.#rules = rules;
    this.#done = done;
  }

  begin(args: JsonObject, request: GatewayRequest): void {
    const below = this.#prepared(args, request);
    const way = typeof below === 'string' ? null : this.#rules.wayTo(this.#tool.spec.call.route, below);
    if (typeof below === 'string') {
      this.#end(failedResult(below));
    } else if (way === null) {
      this.#end(failedResult('The route of this tool does not take its request.'));
    } else {
      this.#below = below;
      const cancel = way(below, this);
      this.#cancelBelow = cancel;
      if (this.#isOver) cancel();
    }
  }

  /** A text: why nobody is asked. */
  #prepared(args: JsonObject, request: GatewayRequest): GatewayRequest | string {
    const { spec, checkInput } = this.#tool;
    const fault = checkInput === null ? null : checkInput(args);
    if (fault !== null) return `The arguments are wrong: ${fault}.`;
    const asked = callRequest(spec.call, args);
    if (typeof asked === 'string') return asked;
    const { clock, gateway } = this.#rules.services;
    if (asked.path.length + asked.query.length > gateway.limits.urlBytes)
      return 'The arguments are too long for a URL.';
    const leftMs = Math.floor(request.exchange.deadlineAtMs - clock.nowMs()) - LAST_WORD_MS;
    return leftMs <= 0 ? 'There is no time left for this call.' : this.#requestOf(asked, request, leftMs);
  }

  #requestOf({ path, query, body }: CallRequest, request: GatewayRequest, leftMs: number): GatewayRequest {
    const { clock, gateway } = this.#rules.services;
    const { exchange, headers: own } = request;
    const { call } = this.#tool.spec;
    const field = gateway.names.deadlineHeader;
    const headers = callerFields(own, field);
    headers.push(field, String(leftMs));
    if (call.rest === 'inputs') headers.push('accept', 'application/json');
    const bytes = body === null ? null : new TextEncoder().encode(JSON.stringify(body));
    if (bytes !== null) headers.push('content-type', 'application/json', 'content-length', String(bytes.byteLength));
    const keys = callerKeys(request.query, this.#rules.authOf(call.route));
    const { id, scheme, peerAddress, clientAddress, peerTrusted } = exchange;
    const times = { receivedAtMs: clock.nowMs(), receivedWallMs: clock.wallMs() };
    const below = createExchange({ id, scheme, peerAddress, clientAddress, peerTrusted, ...times });
    below.requestBytes = bytes?.byteLength ?? 0;
    return madeRequest(
      call.host === '' ? request.authority : call.host,
      {
        ...{ method: call.method, path, headers },
        query: [query, keys].filter((part) => part !== '').join('&'),
        body: bytes === null ? null : new WholeBody(bytes),
      },
      below,
    );
  }

  /** The caller has left, or its deadline has passed. */
  cancel(failed: Failure | null): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#giveUp(failed);
    }
    this.release();
  }

  /** What it holds is of no use any more. */
  release(): void {
    this.#rules.services.heldBytes.giveBack(this.#held);
    this.#held = 0;
    this.#chunks.length = 0;
  }

  #giveUp(failed: Failure | null): void {
    // Those below look here for the reason.
    if (this.#below !== null) this.#below.exchange.failure ??= failed;
    this.#cancelBelow();
  }

  #end(result: JsonObject): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#done(result);
  }

  #refuse(why: string): void {
    this.#end(failedResult(why));
    this.#giveUp(null);
  }

  onHeaders(head: ResponseHead): void {
    if (this.#isOver) return;
    this.#head = head;
    const coding = headerValue(head.headers, 'content-encoding') ?? 'identity';
    if (coding !== 'identity') this.#refuse('The answer is compressed, which was not asked for.');
    else if ((head.lengthBytes ?? 0) > this.#rules.spec.answerBytesMax && this.#tool.spec.call.method !== 'HEAD')
      this.#tooLong();
  }

  #tooLong(): void {
    this.#refuse(`The answer is longer than ${this.#rules.spec.answerBytesMax} bytes. Ask for less of it.`);
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#isOver) return false;
    const { heldBytes } = this.#rules.services;
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#rules.spec.answerBytesMax) this.#tooLong();
    else if (!heldBytes.take(chunk.byteLength)) this.#refuse('This node holds as many answers as it may. Try later.');
    else {
      this.#held += chunk.byteLength;
      this.#chunks.push(chunk);
    }
    return !this.#isOver;
  }

  onComplete(): void {
    if (this.#isOver) return;
    const { spec, checkOutput } = this.#tool;
    const type = headerValue(this.#head?.headers ?? [], 'content-type') ?? '';
    const answer = { status: this.#head?.status ?? 502, type, bytes: joined(this.#chunks) };
    this.#end(toolResult(spec, checkOutput, answer));
  }

  /** In the midst of an answer: before it, a failure is an answer of its own. */
  onError({ code }: Failure): void {
    this.#end(failedResult(`${failureTable[code].title}.`));
  }
}
