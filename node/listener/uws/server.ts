/**
 * The listener over uWebSockets.js (the registry alias of design §9): accepts, checks heads, makes exchanges, drains.
 *
 * The native library owns the sockets; this file owns which exchanges are open, apps.ts the connections, the port and its
 * certificates. Decisions stand in pure files (request-head.ts, client-address.ts, response-framing.ts), the life of one
 * exchange in exchange-socket.ts.
 *
 * What this build can't do, measured, and pinned by test/hostile/requests so that an upgrade of the library shows:
 * HTTP/1.0, absolute-form, `OPTIONS *`, CONNECT and chunked trailers are answered 505 by it; so is a request line that
 * arrives in two packets, if the cut lies between `GET ` and the line's end. Some malformed heads (bare LF, NUL,
 * obs-fold, space before a colon, more than 98 fields) are met with silence until a limit closes the connection. A
 * request that comes before the answer of the one before closes the connection, unless that was answered in its own
 * turn (RFC 9112 §9.3.2 lets clients expect that). A client that closes its half of the connection counts as gone.
 */

import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t } from 'uWebSockets.js';
import { type Failure, failure, failureTable, type TimerName, timerFired } from '@weir/proto/http/failures.js';
import { headerValue, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { saysPlace } from '@weir/proto/http/origin-claims.js';
import { problemAnswer } from '@weir/proto/http/problem.js';
import { webSocketAsk } from '@weir/proto/http/upgrade.js';
import type { GatewaySpec, ListenerTlsSpec } from '@weir/proto/snapshot/gateway.js';
import { withBody } from '../../pipeline/derived-request.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import { createExchange, type Exchange } from '../../pipeline/exchange.js';
import { holdsOwnField } from '../../pipeline/reusable.js';
import { IdleWait } from '../../time/idle-wait.js';
import { clientAddress, type TrustedProxies, trustedProxies } from '../client-address.js';
import type { BoundAddress, Listener, ListenerOptions, ServedCertificate } from '../listener.js';
import { OpenExchanges } from '../open-exchanges.js';
import { type HeadReading, isFailure, type RequestHead, readHead } from '../request-head.js';
import { isSafeRequestId } from '../request-ids.js';
import { statusText } from '../response-framing.js';
import { Apps } from './apps.js';
import { type ExchangeOwner, ExchangeSocket } from './exchange-socket.js';
import { FirstRequests } from './first-request.js';
import { PeerAddresses } from './peer-addresses.js';
import { ReadyAnswers, readyAnswerOf } from './ready-answers.js';
import { UwsRequestBody } from './request-body.js';
import { UpgradeSocket, webSocketBehavior } from './websocket.js';
import { exactValue } from './wire-value.js';

/** After the last answer of a drain, clients that were told to close get this long to do so before they are cut. */
const LAST_WORDS_MS = 100;
/** For clients whose answer a drain did not wait for: a restart takes about as long. */
const RETRY_AFTER_S = 1;

export function createUwsListener(options: ListenerOptions): Listener {
  return new UwsListener(options);
}

/** A request that may not be the first of its connection; at most one at a time. */
interface Unproven {
  proven(chunk: ArrayBuffer, isLast: boolean): void;
  refuse(): void;
}

const ONE_REQUEST =
  'with the PROXY protocol a connection carries one request, and a chunked body begins in the packet of its head';

class UwsListener implements Listener, ExchangeOwner {
  tunnels = 0;
  isDraining = false;
  readonly clock: ListenerOptions['clock'];
  readonly timers: ListenerOptions['timers'];
  readonly #options: ListenerOptions;
  readonly #open = new OpenExchanges<ExchangeSocket>();
  readonly #peers = new PeerAddresses();
  readonly #ready = new ReadyAnswers();
  readonly #firstRequests: FirstRequests;
  readonly #apps: Apps;
  #gateway: GatewaySpec;
  #proxies: TrustedProxies;
  #turnEnders: ExchangeSocket[] = [];
  #unproven: Unproven | null = null;
  readonly #idle = new IdleWait();
  /** Where the library's header iteration puts its pairs; one array per request, handed over whole. */
  #collected: MutableHeaderList = [];
  readonly #endTurn = (): void => {
    const sockets = this.#turnEnders;
    this.#turnEnders = [];
    for (const each of sockets) each.turnEnded();
  };
  readonly #collect = (name: string, value: string): void => {
    this.#collected.push(name, value);
  };
  /** While its head is read. */
  #request: HttpRequest | null = null;
  readonly #exactValue = (name: string, value: string): string | null =>
    this.#request === null ? null : exactValue(this.#request, this.#collected, name, value);

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.timers = options.timers;
    this.#gateway = options.gateway;
    this.#proxies = trustedProxies(options.gateway.trustedProxies);
    const hooks = {
      routes: (tunnelled: () => void) => this.#routes(tunnelled),
      accepted: (res: HttpResponse) => this.#connected(res),
    };
    this.#apps = new Apps(options.reveal, hooks, options.sharesPort === true);
    this.#firstRequests = new FirstRequests(
      options.clock,
      options.timers,
      () => this.#gateway.clientTimers.clientHeadersMs,
      (res, address) => this.#noRequestCame(res, address),
      (chunk, isLast) => this.#unproven?.proven(chunk, isLast),
    );
  }

  get isOneRequestEach(): boolean {
    return this.#gateway.proxyProtocol;
  }

  get exchanges(): number {
    return this.#open.size;
  }

  get oldestExchangeAtMs(): number {
    // A set keeps the order in which its members came.
    for (const { request } of this.#open) return request.exchange.receivedAtMs;
    return Number.POSITIVE_INFINITY;
  }

  get connections(): number {
    return this.#apps.connections;
  }

  get certificates(): readonly ServedCertificate[] {
    return this.#apps.certificates;
  }

  start(): Promise<BoundAddress> {
    return this.#apps.start(this.#gateway);
  }

  update(gateway: GatewaySpec): void {
    this.#proxies = trustedProxies(gateway.trustedProxies);
    this.#gateway = gateway;
    // They are of routes that are no longer in force.
    this.#ready.clear();
  }

  reloadCertificates(tls: ListenerTlsSpec): void {
    this.#apps.reloadCertificates(tls);
  }

  async drain(limitMs: number): Promise<{ readonly cut: number }> {
    this.isDraining = true;
    this.#apps.stopAccepting();
    this.#firstRequests.stop();
    for (const socket of this.#open) if (socket instanceof UpgradeSocket) socket.goAway();
    if (this.#open.size > 0) await this.#idle.within(limitMs, this.timers);
    const cut = this.#open.size;
    if (cut > 0) this.#options.events.onTimer('drain', null);
    this.#endAll();
    if (this.connections > 0) await this.#passed(Math.min(LAST_WORDS_MS, limitMs));
    this.close();
    return { cut };
  }

  close(): void {
    this.isDraining = true;
    this.#apps.stopAccepting();
    this.#firstRequests.stop();
    this.#endAll();
    this.#apps.close();
  }

  #endAll(): void {
    const ended = failure('draining', 'this node is shutting down', { retryAfterS: RETRY_AFTER_S });
    for (const socket of [...this.#open]) socket.shutDown(ended);
  }

  #passed(ms: number): Promise<void> {
    return new Promise((resolve) => this.timers.create(resolve).arm(ms));
  }

  #routes(tunnelled: () => void): (app: TemplatedApp) => void {
    const behavior = webSocketBehavior(
      this.#gateway.limits.messageBytes,
      (res, req, context) => this.#requestCame('GET', res, req, context),
      tunnelled,
      (error) => this.bug(error),
    );
    // By the way that it came by, the method of most requests is known: a call into the library less, of 75 ns.
    return (app) =>
      app
        .ws('/*', behavior)
        .get('/*', (res, req) => this.#requestCame('GET', res, req, null))
        .any('/*', (res, req) => this.#requestCame(req.getCaseSensitiveMethod(), res, req, null));
  }

  #connected(res: HttpResponse): void {
    const address = this.#peers.accepted(res, this.connections);
    const { connectionsMax } = this.#options;
    if (this.connections > connectionsMax) {
      this.#refused(
        failure(
          'overloaded',
          `${connectionsMax} connections are open, which leaves as many files as upstreams need (LimitNOFILE=, ulimit -n)`,
        ),
        '',
        '',
        address,
      );
      // An answer could itself be left unread and keep the descriptor.
      res.close();
    } else if (!this.isDraining) this.#firstRequests.accepted(res, address);
  }

  /** No complete request head came in time on a fresh connection. */
  #noRequestCame(res: HttpResponse, peerAddress: string): void {
    const failed = timerFired('clientHeaders', this.#gateway.clientTimers.clientHeadersMs);
    this.#options.events.onTimer('clientHeaders', null);
    this.#refused(failed, '', '', peerAddress);
    // Inside TLS nothing can be said before the handshake is over, and nothing here knows whether it is.
    if (this.#apps.scheme === 'https') res.close();
    else this.#writeProblem(res, failed, '', this.#options.requestIds.next(), 0);
  }

  #requestCame(method: string, res: HttpResponse, req: HttpRequest, context: us_socket_context_t | null): void {
    this.clock.hold?.();
    try {
      this.#receive(method, res, req, context);
    } finally {
      this.clock.release?.();
    }
  }

  /** One request: from the library's objects, which are only valid in this call, to an exchange or a refusal. */
  #receive(method: string, res: HttpResponse, req: HttpRequest, context: us_socket_context_t | null): void {
    if (this.#firstRequests.areAwaited) this.#firstRequests.requestSeen(this.#peers.of(res));
    this.#unproven?.refuse();
    const headers: MutableHeaderList = [];
    this.#collected = headers;
    req.forEach(this.#collect);
    // The types say that a query is never undefined; where there is none, it is.
    const head: RequestHead = {
      method,
      path: req.getUrl(),
      query: (req.getQuery() as string | undefined) ?? '',
      headers,
    };
    this.#request = req;
    const reading = readHead(head, this.#gateway.limits, this.#exactValue);
    this.#request = null;
    const { path, query } = head;
    const { exchanges } = this.#gateway.limits;
    if (isFailure(reading)) {
      this.#refuse(res, reading, method, path, this.#peerOf(res, this.#peers.of(res)));
      return;
    }
    if (this.#open.size >= exchanges) {
      const full = failure('overloaded', `${exchanges} exchanges are in flight (limits.exchanges)`, { retryAfterS: 1 });
      this.#refuse(res, full, method, path, this.#peerOf(res, this.#peers.of(res)));
      return;
    }
    if (this.#ready.size > 0 && context === null && this.#answersReady(res, head, reading)) return;
    // Behind what is ready, for the address may be a call to the kernel, and for that nobody asks for it.
    const socketAddress = this.#peers.of(res);
    const exchange = this.#exchangeOf(headers, this.#peerOf(res, socketAddress));
    const request: GatewayRequest = {
      method,
      path,
      query,
      authority: reading.authority,
      headers,
      names: reading.names,
      body: null,
      target: null,
      cause: undefined,
      exchange,
    };
    const { clientTimers, limits } = this.#gateway;
    const socket =
      // The library gives a context to every GET with a key of the right length, so a handshake never lacks it.
      context !== null && webSocketAsk(method, headers, reading.hasBody) === 'handshake'
        ? new UpgradeSocket(res, request, reading.closeAsked, clientTimers, this, {
            context,
            messageBytes: limits.messageBytes,
          })
        : new ExchangeSocket(res, request, reading.closeAsked, clientTimers, this);
    if (this.#gateway.proxyProtocol) this.#dispatchFirst(res, request, socket, reading, socketAddress);
    else this.#dispatch(res, request, socket, reading);
  }

  /** Gives what somebody else was given a moment ago, where the request asks for just that; false: it has to be looked at. */
  #answersReady(
    res: HttpResponse,
    { method, path, query, headers }: RequestHead,
    { authority, hasBody, closeAsked, isPlain }: HeadReading,
  ): boolean {
    if (method !== 'GET' || !isPlain || hasBody || closeAsked || this.isDraining || this.isOneRequestEach) return false;
    const ready = this.#ready.find(authority, path, query, this.clock.nowMs());
    if (ready === null || holdsOwnField(headers, this.#gateway.names)) return false;
    // What a proxy says of the place is a part of keys, where its peer is trusted: whether it is, nobody has looked yet.
    if (!this.#proxies.none && saysPlace(headers)) return false;
    this.#options.requestIds.renew(ready.head, ready.idAt);
    res.writeStatus(ready.head);
    res.end(ready.reusable.body);
    ready.reusable.used();
    return true;
  }

  #keepReady(request: GatewayRequest, socket: ExchangeSocket): void {
    if (socket.head === null) return;
    const ready = readyAnswerOf(request, socket.head, this.#gateway.names);
    if (ready !== null) this.#ready.keep(request.authority, request.path, request.query, ready);
  }

  /**
   * The library reads a PROXY header before each request, not each connection, so whoever speaks through a balancer could
   * put one of its own before its second request. Only the first request of a connection is taken, and what proves it is
   * the callback that was set when the connection was accepted: it comes right after this turn of the handler, once.
   */
  #dispatchFirst(
    res: HttpResponse,
    request: GatewayRequest,
    socket: ExchangeSocket,
    reading: HeadReading,
    socketAddress: string,
  ): void {
    let gone = false;
    res.onAborted(() => {
      gone = true;
    });
    const unproven: Unproven = {
      proven: (chunk, isLast) => {
        this.#unproven = null;
        this.#dispatch(res, request, socket, reading);
        if (reading.hasBody) socket.bodyArrived(chunk, isLast);
      },
      refuse: () => {
        this.#unproven = null;
        if (!gone) this.#refuse(res, failure('bad_request', ONE_REQUEST), request.method, request.path, socketAddress);
      },
    };
    this.#unproven = unproven;
    setImmediate(() => {
      if (this.#unproven === unproven) unproven.refuse();
    });
  }

  #dispatch(res: HttpResponse, request: GatewayRequest, socket: ExchangeSocket, reading: HeadReading): void {
    this.#open.add(socket);
    let dispatched = request;
    if (reading.hasBody) {
      const body = new UwsRequestBody(socket, reading.lengthBytes);
      socket.withBody(body);
      res.onData((chunk, isLast) => socket.bodyArrived(chunk, isLast));
      dispatched = withBody(request, body);
    }
    try {
      socket.dispatched(this.#options.onRequest(dispatched, socket));
      if (request.exchange.reusable !== null) this.#keepReady(dispatched, socket);
    } catch (error) {
      socket.failed(error);
    }
    socket.hearOfClose();
  }

  /** The other end as HTTP sees it: behind a trusted PROXY protocol hop, the address that it reports. */
  #peerOf(res: HttpResponse, socketAddress: string): string {
    if (!this.#gateway.proxyProtocol || !this.#proxies.includes(socketAddress)) return socketAddress;
    const proxied = this.#peers.proxied(res);
    return proxied === '' ? socketAddress : proxied;
  }

  #exchangeOf(headers: MutableHeaderList, peerAddress: string): Exchange {
    const { clock, requestIds } = this.#options;
    const peerTrusted = this.#proxies.includes(peerAddress);
    const given = peerTrusted ? headerValue(headers, this.#gateway.names.requestIdHeader) : undefined;
    return createExchange({
      id: given !== undefined && isSafeRequestId(given) ? given : requestIds.next(),
      receivedAtMs: clock.nowMs(),
      receivedWallMs: clock.wallMs(),
      scheme: this.#apps.scheme,
      peerAddress,
      clientAddress: peerTrusted ? clientAddress(peerAddress, headers, this.#proxies) : peerAddress,
      peerTrusted,
    });
  }

  /**
   * Refuses, and closes. The answer is written in a turn of its own on purpose: until then the library takes nothing
   * more from this connection, and closes it when another request stands behind the refused one. So whatever an
   * ambiguous head hides is never read as a request.
   */
  #refuse(res: HttpResponse, failed: Failure, method: string, path: string, peerAddress: string): void {
    const requestId = this.#refused(failed, method, path, peerAddress);
    // Or a body that comes later would prove another request to be the first of its connection.
    if (this.#gateway.proxyProtocol) res.onData(() => {});
    let gone = false;
    res.onAborted(() => {
      gone = true;
    });
    const receivedAtMs = this.clock.nowMs();
    setImmediate(() => {
      if (!gone) this.#writeProblem(res, failed, method, requestId, this.clock.nowMs() - receivedAtMs);
    });
  }

  #refused(failed: Failure, method: string, path: string, peerAddress: string): string {
    const requestId = this.#options.requestIds.next();
    const { status } = failureTable[failed.code];
    this.#options.events.onRefused({ status, failure: failed, requestId, method, path, peerAddress });
    return requestId;
  }

  #writeProblem(res: HttpResponse, failed: Failure, method: string, requestId: string, elapsedMs: number): void {
    const { names } = this.#gateway;
    const problem = problemAnswer(failed, {
      requestId,
      requestIdHeader: names.requestIdHeader,
      via: names.via,
      elapsedMs: Math.round(elapsedMs * 10) / 10,
      attempts: [],
    });
    res.cork(() => {
      res.writeStatus(statusText(problem.status));
      for (let i = 0; i < problem.headers.length; i += 2) {
        res.writeHeader(problem.headers[i] ?? '', problem.headers[i + 1] ?? '');
      }
      if (method === 'HEAD') res.endWithoutBody(0, true);
      else res.end(problem.body, true);
    });
  }

  // What exchanges ask and tell.

  atTurnEnd(socket: ExchangeSocket): void {
    if (this.#turnEnders.push(socket) === 1) setImmediate(this.#endTurn);
  }

  ended(socket: ExchangeSocket): void {
    this.#open.delete(socket);
    if (this.#open.size === 0) this.#idle.reached();
  }

  tunnelOpened(): void {
    this.tunnels += 1;
  }

  tunnelClosed(): void {
    this.tunnels -= 1;
  }

  timerFired(timer: TimerName, exchange: Exchange): void {
    this.#options.events.onTimer(timer, exchange);
  }

  answer(res: HttpResponse, failed: Failure, request: GatewayRequest): void {
    const { exchange } = request;
    this.#writeProblem(res, failed, request.method, exchange.id, this.clock.nowMs() - exchange.receivedAtMs);
  }

  bug(error: unknown): void {
    this.#options.events.onBug(error);
  }
}
