/**
 * One call of a tool: asks the tool's route through its whole chain (node/calls), and ends in a result, whatever happens.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import { headerValue, type MutableHeaderList } from '@weir/proto/http/headers.js';
import type { JsonObject } from '../ai/json.js';
import { type CallEnd, InnerCall } from '../calls/inner-call.js';
import { innerRequest, timeLeftMs } from '../calls/inner-request.js';
import type { ToolOutcome } from '../observe/mcp-cells.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import { type CallRequest, callRequest } from './call-request.js';
import type { McpRules, Tool } from './mcp-route.js';
import { failedResult, toolResult } from './tool-result.js';

export class ToolCall {
  readonly #tool: Tool;
  readonly #rules: McpRules;
  readonly #done: (result: JsonObject) => void;
  readonly #call: InnerCall;
  #begunAtMs = Number.NaN;
  #isOver = false;

  /** `done` is called once, unless the call is cancelled before. */
  constructor(tool: Tool, rules: McpRules, done: (result: JsonObject) => void) {
    this.#tool = tool;
    this.#rules = rules;
    this.#done = (result) => {
      this.#ended(result['isError'] === true ? 'error' : 'ok');
      done(result);
    };
    const { heldBytes } = rules.services;
    const bounds = { answerBytesMax: rules.spec.answerBytesMax, heldBytes };
    this.#call = new InnerCall(bounds, (end) => this.#done(this.#resultOf(end)));
  }

  begin(args: JsonObject, request: GatewayRequest): void {
    this.#begunAtMs = this.#rules.services.clock.nowMs();
    const below = this.#prepared(args, request);
    const way = typeof below === 'string' ? null : this.#rules.wayTo(this.#tool.spec.call.route, below);
    if (typeof below === 'string') this.#done(failedResult(below));
    else if (way === null) this.#done(failedResult('The route of this tool does not take its request.'));
    else this.#call.begin(way, below);
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
    const leftMs = timeLeftMs(request.exchange, clock.nowMs());
    return leftMs < 1 ? 'There is no time left for this call.' : this.#requestOf(asked, request, leftMs);
  }

  #requestOf({ path, query, body }: CallRequest, request: GatewayRequest, timeMs: number): GatewayRequest {
    const { call } = this.#tool.spec;
    const headers: MutableHeaderList = [];
    if (call.rest === 'inputs') headers.push('accept', 'application/json');
    if (body !== null) headers.push('content-type', 'application/json');
    const asked = {
      ...{ method: call.method, host: call.host, path, query, headers, timeMs, vouches: false },
      body: body === null ? null : new TextEncoder().encode(JSON.stringify(body)),
      auth: this.#rules.authOf(call.route),
    };
    return innerRequest(request, asked, this.#rules.services);
  }

  #resultOf(end: CallEnd): JsonObject {
    if (end.kind === 'failed') return failedResult(end.why);
    const type = headerValue(end.headers, 'content-type') ?? '';
    return toolResult(this.#tool.spec, this.#tool.checkOutput, { status: end.status, type, bytes: end.bytes });
  }

  cancel(failed: Failure | null): void {
    this.#ended('cancelled');
    this.#call.cancel(failed);
  }

  release(): void {
    this.#call.release();
  }

  /** Counted once, however it ends. */
  #ended(outcome: ToolOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { routeId, services } = this.#rules;
    const ms = services.clock.nowMs() - this.#begunAtMs;
    services.observer.toolCalled?.(routeId, this.#tool.name, outcome, ms);
  }
}
