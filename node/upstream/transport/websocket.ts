/**
 * Upgrades to WebSocket (RFC 6455 §4): a handshake of our own with the upstream over a socket of our own, by `ws`.
 * A tunnel lives as long as its client wants, so it takes no place in the pool; the node's limit of exchanges bounds it.
 * An upstream that answers the handshake with another status gives a normal answer, which is passed on.
 */
import type { IncomingMessage } from 'node:http';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { webSocketAsk } from '@weir/proto/http/upgrade.js';
import { WebSocket } from 'ws';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
} from '../../pipeline/dispatch.js';
import { answerLength, framingFault } from './answer-head.js';
import type { Connector, OpenedSocket } from './connector.js';
import { sendableFields } from './request-fields.js';
import { translateHandshakeError } from './websocket-failure.js';
import { createWebSocketPeer } from './websocket-peer.js';

export interface WebSocketOptions {
  readonly connector: Connector;
  /** Largest response head in bytes. */
  readonly headBytesMax: number;
  /** Largest message from the upstream in bytes, read at each upgrade; a larger one closes the tunnel with 1009. */
  readonly messageBytesMax: () => number;
}

/** The request is a handshake. The listener and the layers decide by the same reading. */
export function asksForWebSocket({ method, headers, body }: GatewayRequest): boolean {
  return webSocketAsk(method, headers, body !== null) === 'handshake';
}

export function createWebSocketDispatch(options: WebSocketOptions): Dispatch {
  return (request, handler) => {
    if (handler.onUpgrade === undefined) {
      handler.onError(failure('upgrade_failed', 'nothing above can take a tunnel'));
      return nothingToCancel;
    }
    const handshake = new Handshake(options, request, handler);
    handshake.start();
    return handshake.cancel;
  };
}

class Handshake {
  readonly #options: WebSocketOptions;
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  #stop: Cancel = () => {};
  #answered = false;
  #ended = false;

  constructor(options: WebSocketOptions, request: GatewayRequest, handler: ResponseHandler) {
    this.#options = options;
    this.#request = request;
    this.#handler = handler;
  }

  start(): void {
    this.#handler.onPhase?.('connect');
    if (this.#ended) return;
    this.#stop = this.#options.connector(['http/1.1'], {
      onTls: () => this.#handler.onPhase?.('tls'),
      onOpened: (opened) => this.#shakeHands(opened),
      onFailed: (failed) => this.#fail(failed),
    });
  }

  readonly cancel: Cancel = () => {
    if (this.#ended) return;
    this.#ended = true;
    this.#stop();
  };

  #shakeHands({ socket }: OpenedSocket): void {
    this.#stop = () => socket.destroy();
    this.#handler.onPhase?.('firstByte');
    if (this.#ended) return;
    let client: WebSocket;
    try {
      client = this.#connect(() => socket);
    } catch (cause) {
      socket.destroy();
      this.#fail(failure('bad_request', `the handshake cannot be sent: ${String(cause)}`, { cause }));
      return;
    }
    let headers: HeaderList = [];
    client.on('upgrade', (answer) => {
      headers = lowered(answer.rawHeaders);
    });
    client.on('open', () => this.#open(client, headers));
    client.on('unexpected-response', (_request, answer) => this.#pass(answer));
    client.on('error', (cause: Error) => {
      socket.destroy();
      if (this.#answered) return;
      this.#fail(translateHandshakeError(cause, { written: socket.bytesWritten > 0, answered: socket.bytesRead > 0 }));
    });
  }

  #connect(createConnection: () => OpenedSocket['socket']): WebSocket {
    const { path, query, headers } = this.#request;
    const protocols = headerValue(headers, 'sec-websocket-protocol');
    const target = query === '' ? path : `${path}?${query}`;
    return new WebSocket(`ws://upstream.invalid${target}`, protocols === undefined ? [] : protocolTokens(protocols), {
      headers: handshakeFields(headers),
      createConnection,
      maxHeaderSize: this.#options.headBytesMax,
      maxPayload: this.#options.messageBytesMax(),
      perMessageDeflate: false,
      autoPong: false,
      followRedirects: false,
    });
  }

  #open(client: WebSocket, headers: HeaderList): void {
    if (this.#ended) {
      client.terminate();
      return;
    }
    this.#ended = true;
    this.#handler.onUpgrade?.(headers, createWebSocketPeer(client));
  }

  /** A final answer instead of the upgrade. */
  #pass(answer: IncomingMessage): void {
    if (this.#ended) return;
    this.#answered = true;
    const handler = this.#handler;
    const status = answer.statusCode ?? 0;
    const headers = lowered(answer.rawHeaders);
    const fault = status < 200 || status > 599 ? `status ${status}` : framingFault(status, headers);
    if (fault !== null) {
      this.#stop();
      this.#fail(failure('response_malformed', `the answer has ${fault}`));
      return;
    }
    answer.on('data', (chunk: Buffer) => {
      if (!this.#ended && !handler.onData(chunk) && !this.#ended) answer.pause();
    });
    answer.on('close', () => {
      if (this.#ended) return;
      if (!answer.complete) {
        this.#fail(failure('response_incomplete', 'the connection closed in the middle of the answer'));
        return;
      }
      this.#ended = true;
      this.#stop();
      handler.onComplete();
    });
    answer.on('error', () => {}); // 'close' follows, and `complete` tells.
    handler.onPhase?.('body');
    const head: ResponseHead = {
      status,
      headers,
      lengthBytes: answerLength(status, headers),
      resume: () => {
        if (!this.#ended) answer.resume();
      },
    };
    if (!this.#ended) handler.onHeaders(head);
  }

  #fail(failed: Failure): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handler.onError(failed);
  }
}

/** Subprotocol names are case-sensitive, unlike most list members. */
const protocolTokens = (value: string): string[] =>
  value
    .split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '');

/** The client's fields without those of its own handshake, in the shape http.request wants. */
function handshakeFields(headers: HeaderList): Record<string, string[]> {
  const fields: Record<string, string[]> = Object.create(null);
  const list = sendableFields(headers);
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? '';
    if (name.startsWith('sec-websocket-')) continue;
    fields[name] ??= [];
    fields[name].push(list[i + 1] ?? '');
  }
  return fields;
}

function lowered(raw: readonly string[]): string[] {
  return raw.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text));
}
