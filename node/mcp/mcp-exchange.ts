/**
 * One POST of a client of MCP: reads its message (or, in 2025-03-26, its batch), has each answered, and tells the answers as JSON. A client
 * that takes a stream gets one where a tool takes its time: comments, and progress where it asked for that, keep everyone between from
 * taking it for dead, and the answer is its last event.
 *
 *   gathering ──▶ running ──────────────▶ over: JSON, or 202 where nothing was asked
 *                    │ heartbeat is due
 *                    └──▶ streaming ────▶ over: the answers are events
 */
import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { BodyText, jsonOf } from '../ai/gateway/body-text.js';
import type { JsonObject } from '../ai/json.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import { type Cancel, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../pipeline/dispatch.js';
import { Ear } from '../pipeline/ear.js';
import type { Timer } from '../time/clock.js';
import { acceptOf } from './accept.js';
import { type RpcId, type RpcMessage, readMessage, rpcCodes, rpcError, rpcResult } from './json-rpc.js';
import type { McpRules } from './mcp-route.js';
import { pageOf, type Step, stepOf, versionOf } from './protocol.js';
import { refuseMessage } from './refusal.js';
import { ToolCall } from './tool-call.js';

/** Messages of one batch: each may be a call. */
const BATCH_MAX = 20;

const STREAM_FIELDS = ['content-type', 'text/event-stream', 'cache-control', 'no-store'];
const JSON_FIELDS = ['content-type', 'application/json', 'cache-control', 'no-store'];

export class McpExchange {
  readonly #request: GatewayRequest;
  readonly #handler: Ear;
  readonly #rules: McpRules;
  readonly #accept: ReturnType<typeof acceptOf>;
  readonly #timer: Timer;
  readonly #calls: ToolCall[] = [];
  readonly #waiting = new Map<RpcId, number>();
  #text: BodyText | null = null;
  #answers: (JsonObject | null)[] = [];
  #left = 0;
  #isBatch = false;
  #isStreaming = false;
  #isOpen = true;
  #isOver = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, rules: McpRules) {
    this.#request = request;
    this.#handler = new Ear(handler);
    this.#rules = rules;
    this.#accept = acceptOf(request.headers);
    this.#timer = rules.services.timers.create(() => this.#beat());
  }

  begin(): Cancel {
    const { body } = this.#request;
    if (body === null) {
      refuseMessage(this.#handler, 400, rpcCodes.parseError, 'The request has no body.');
      return nothingToCancel;
    }
    this.#text = new BodyText(body, this.#rules.services.bodies, (got) => {
      if (this.#isOver) return;
      if (got instanceof Uint8Array) this.#gathered(jsonOf(got));
      else {
        this.#end();
        this.#handler.onError(got);
      }
    });
    this.#text.read();
    return this.#cancel;
  }

  /** The client has left, or a layer above has ended the exchange. */
  readonly #cancel: Cancel = () => {
    this.#handler.close();
    if (this.#isOver) return;
    const gone = this.#request.exchange.failure ?? failure('client_gone', 'who called the tool has left');
    for (const call of this.#calls) call.cancel(gone);
    this.#end();
  };

  #gathered(value: unknown): void {
    const read = this.#messagesIn(value);
    if (Array.isArray(read)) {
      this.#run(read);
      return;
    }
    this.#end();
    refuseMessage(this.#handler, 400, read.code, read.why);
  }

  #messagesIn(value: unknown): RpcMessage[] | { readonly code: number; readonly why: string } {
    if (value === undefined) return { code: rpcCodes.parseError, why: 'The body is no JSON in UTF-8.' };
    this.#isBatch = Array.isArray(value);
    const messages: readonly unknown[] = Array.isArray(value) ? value : [value];
    const version = versionOf(headerValue(this.#request.headers, 'mcp-protocol-version'));
    const refused = (why: string) => ({ code: rpcCodes.invalidRequest, why });
    if (this.#isBatch && version !== '2025-03-26') return refused('There are no batches since MCP 2025-06-18.');
    if (messages.length === 0 || messages.length > BATCH_MAX) return refused(`A batch has 1 to ${BATCH_MAX} messages.`);
    const read = messages.map(readMessage);
    const [first] = read;
    return !this.#isBatch && first?.kind === 'invalid' ? refused(`Not a message: ${first.why}.`) : read;
  }

  #run(messages: readonly RpcMessage[]): void {
    this.#answers = messages.map(() => null);
    this.#left = messages.length;
    const { heartbeatMs } = this.#rules.spec;
    if (heartbeatMs > 0 && this.#accept.stream) this.#timer.arm(heartbeatMs);
    for (const [index, message] of messages.entries()) {
      if (this.#isOver) return;
      this.#take(stepOf(message, this.#rules.server), index);
    }
  }

  #take(step: Step, index: number): void {
    switch (step.kind) {
      case 'nothing':
        this.#answered(index, null);
        break;
      case 'answer':
        this.#answered(index, step.body);
        break;
      case 'list':
        this.#list(step.id, step.cursor, index);
        break;
      case 'call':
        this.#call(step, index);
        break;
    }
  }

  #list(id: RpcId, cursor: string | null, index: number): void {
    this.#rules.visible(this.#request).then(
      (tools) => {
        if (this.#isOver) return;
        const page = pageOf(tools, cursor);
        const body =
          page === null
            ? rpcError(id, rpcCodes.invalidParams, 'The cursor is not known: list from the beginning.')
            : rpcResult(id, {
                tools: page.tools.map(({ listed }) => listed),
                ...(page.next === null ? {} : { nextCursor: page.next }),
              });
        this.#answered(index, body);
      },
      (cause: unknown) => {
        this.#rules.services.onBug(cause);
        if (this.#isOver) return;
        this.#answered(index, rpcError(id, rpcCodes.internalError, 'The tools could not be listed.'));
      },
    );
  }

  #call({ id, tool: name, args, progressToken }: Step & { kind: 'call' }, index: number): void {
    const tool = this.#rules.tools.get(name);
    if (tool === undefined) {
      this.#answered(index, rpcError(id, rpcCodes.invalidParams, `Unknown tool: ${name.slice(0, 128)}`));
      return;
    }
    if (progressToken !== null) this.#waiting.set(progressToken, 0);
    const call = new ToolCall(tool, this.#rules, (result) => {
      if (progressToken !== null) this.#waiting.delete(progressToken);
      this.#answered(index, rpcResult(id, result));
    });
    this.#calls.push(call);
    call.begin(args, this.#request);
  }

  #answered(index: number, body: JsonObject | null): void {
    if (this.#isOver) return;
    this.#answers[index] = body;
    this.#left -= 1;
    if (this.#left === 0) this.#tell();
  }

  #tell(): void {
    const answers = this.#answers.filter((body) => body !== null);
    this.#end();
    const [first] = answers;
    if (this.#isStreaming || (!this.#accept.json && first !== undefined)) {
      // Each answer is an event of its own, also those of a batch.
      if (!this.#isStreaming) this.#openStream();
      this.#handler.onData(encode(answers.map(eventOf).join('')));
      this.#handler.onComplete();
      return;
    }
    if (first === undefined) answerDirectly(this.#request, this.#handler, 202, []);
    else {
      const body = encode(JSON.stringify(this.#isBatch ? answers : first));
      answerDirectly(this.#request, this.#handler, 200, JSON_FIELDS, body);
    }
  }

  #openStream(): void {
    this.#isStreaming = true;
    const resume = (): void => {
      this.#isOpen = true;
    };
    this.#handler.onHeaders({ status: 200, headers: STREAM_FIELDS, lengthBytes: null, resume });
  }

  /** A reader that does not keep up needs no sign of life. */
  #beat(): void {
    if (this.#isOver) return;
    if (!this.#isStreaming) this.#openStream();
    if (this.#isOver) return;
    if (this.#isOpen) this.#isOpen = this.#handler.onData(encode(this.#signs())) !== false;
    if (!this.#isOver) this.#timer.arm(this.#rules.spec.heartbeatMs);
  }

  #signs(): string {
    const events = [...this.#waiting].map(([progressToken, beats]) => {
      this.#waiting.set(progressToken, beats + 1);
      const params = { progressToken, progress: beats + 1 };
      return eventOf({ jsonrpc: '2.0', method: 'notifications/progress', params });
    });
    return events.length === 0 ? ': the tool is at work\n\n' : events.join('');
  }

  #end(): void {
    this.#isOver = true;
    this.#timer.cancel();
    this.#text?.release();
    for (const call of this.#calls) call.release();
  }
}

const eventOf = (message: JsonObject): string => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
