/**
 * One request to the upstream on behalf of the cache: for the client that began it, for others that wait for the same
 * answer, or for nobody, to refresh what is stored. It has an exchange and a deadline of its own, so that a leader that
 * leaves, or had little time, does not take the others with it.
 *
 *   asking ─┬─ 304 ──────────────────▶ confirmed: everybody gets the copy, which is as good as new
 *           ├─ may be stored ────────▶ storing: everybody whose answer it is reads it as it comes, the others are released
 *           ├─ for one client alone ─▶ passing: the leader gets it, the others are released
 *           └─ failed ───────────────▶ over: whoever has a copy that may stand in gets that; the leader hears why, the
 *                                      others are released
 *
 * "Released" means that they ask anew: side by side where the answer was for one client, together after a failure. What nobody waits for any more goes on only if it refills
 * the store: a refresh, or an answer that is being stored.
 */
import { type Failure, timerFired } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { withExchange } from '../../pipeline/derived-request.js';
import { type Cancel, nothingToCancel, type ResponseHandler, type ResponseHead } from '../../pipeline/dispatch.js';
import { Ear } from '../../pipeline/ear.js';
import { type Exchange, forkExchange, joinExchange } from '../../pipeline/exchange.js';
import type { Timer } from '../../time/clock.js';
import type { Moments } from '../freshness.js';
import type { Generation } from '../l2/generations.js';
import type { Lease } from '../l2/l2.js';
import { hasTags, ownFieldsEnd, tagsEnd } from '../pass-by.js';
import type { PurgeSubject } from '../purge/marks.js';
import { tagsOf } from '../purge/tags.js';
import { type Receipt, receive, standsIn } from '../receive.js';
import type { Refusal } from '../refusals.js';
import { afterHead, validatingHeaders } from '../revalidate.js';
import { type RouteCache, sharedKey } from '../route-cache.js';
import { isTrouble } from '../statuses.js';
import { bodyInPieces, type StoredBody } from '../store/body.js';
import type { Writing } from '../store/l1.js';
import { isReusable, type Stored } from '../stored.js';
import { WholeBody } from '../whole-body.js';
import { Crowd } from './crowd.js';
import { FAILED_MS, NOT_SHARED_MS } from './flights.js';
import { notKept, shareWithNodes } from './outcomes.js';
import { hearFailure, letDown } from './releases.js';
import { Stream } from './stream.js';
import type { Question, Shared, Waiter } from './waiter.js';

type State = 'asking' | 'draining' | 'storing' | 'passing' | 'over';

export class Fetch implements ResponseHandler {
  readonly began: number;
  readonly exchange: Exchange;
  readonly #route: RouteCache;
  readonly #question: Question;
  readonly #askedAtMs: number;
  readonly #crowd: Crowd;
  readonly #timer: Timer;
  #state: State = 'asking';
  #ear: Ear | null = null;
  #cancelNext: Cancel = nothingToCancel;
  #isForNobody = false;
  #nobodyGoesUntilMs = Number.NEGATIVE_INFINITY;
  /** It went on for nobody once: it refills, whoever has joined it since and left again. */
  #isRefill = false;
  /** Without conditions, since the first answer was about another copy. */
  #isAskedAgain = false;
  #isTold = false;
  #answer: Shared | null = null;
  #writing: Writing | null = null;
  #subject: PurgeSubject;
  /** As `began`, in Redis. */
  readonly #generation: Generation | null;
  #lease: Lease | null;

  /** `leader`: who began it; null: it is for nobody. */
  constructor(route: RouteCache, question: Question, leader: Waiter | null) {
    const { clock, node, timers, totalMs } = route;
    const nowMs = clock.nowMs();
    this.#route = route;
    this.#question = question;
    this.#crowd = new Crowd(leader, question.request.headers);
    this.#askedAtMs = nowMs;
    this.#subject = question.subject;
    // Before anything is sent: a purge from here on means what comes of it.
    this.began = node.marks.seq;
    this.#generation = node.second?.l2.generation() ?? null;
    this.#lease = question.lease;
    const fork = forkExchange(question.request.exchange);
    this.exchange = { ...fork, attempts: [], receivedAtMs: nowMs, deadlineAtMs: nowMs + totalMs, noJob: null };
    this.#timer = timers.create(() => this.#tooLate());
  }

  /** For nobody; false when that may not be. */
  refresh(): boolean {
    if (!this.#goOnForNobody()) return false;
    this.begin();
    return true;
  }

  begin(): void {
    const { node, totalMs } = this.#route;
    const { request, method, pending, flightKey } = this.#question;
    node.flights.fetches += 1;
    if (flightKey !== null) node.flights.begin(flightKey, this);
    this.#timer.arm(totalMs);
    this.#ask(validatingHeaders(request.headers, method === 'HEAD' ? null : pending.validated));
  }

  #ask(headers: HeaderList): void {
    const ear = new Ear(this);
    this.#ear?.close();
    this.#ear = ear;
    const { request, method } = this.#question;
    const body = request.body instanceof WholeBody ? request.body.again() : request.body;
    const cancel = this.#route.next(withExchange(request, method, headers, body, this.exchange), ear);
    // What came meanwhile may have ended it, or asked again.
    if (this.#ear === ear && this.#state !== 'over') this.#cancelNext = cancel;
    else cancel();
  }

  get waiters(): number {
    return this.#crowd.size;
  }

  /** False: what comes is not for this one. */
  join(waiter: Waiter): boolean {
    if (this.#state !== 'asking' && !(this.#answer !== null && this.#crowd.isFor(waiter, this.#answer.stored)))
      return false;
    this.#crowd.add(waiter);
    this.#goOnForSomebody();
    if (this.#answer !== null) waiter.shared(this.#answer);
    return true;
  }

  /** It waits no longer, or has its answer. `refills`: what comes is wanted all the same. */
  leave(waiter: Waiter, refills: boolean): void {
    this.#crowd.remove(waiter);
    if (this.#state === 'over' || this.#state === 'draining' || this.#crowd.size > 0) return;
    const isWanted = this.#answer?.stream.isStored ?? (this.#state === 'asking' && (refills || this.#isRefill));
    if (isWanted && this.#goOnForNobody()) return;
    this.#endFlight();
    this.#writing?.abandon();
    this.#cancel();
  }

  /**
   * Whether one who has waited too long is to ask anew: the first, and another one only after `againMs`. Who comes now waits
   * for that one, and who waits already for whichever answers first.
   */
  letsGo(nowMs: number, againMs: number): boolean {
    if (nowMs < this.#nobodyGoesUntilMs) return false;
    this.#nobodyGoesUntilMs = againMs;
    this.#endFlight();
    return true;
  }

  /** One that was sent later has an answer for all. */
  overtaken(): void {
    if (this.#state !== 'asking') return;
    for (const waiter of this.#crowd.all()) {
      if (waiter === this.#crowd.leader) continue;
      this.leave(waiter, false);
      waiter.released('together');
    }
  }

  /** What became of it, to the exchange of the one who began it. `isOver`: that one ends now. */
  tell(exchange: Exchange, isOver: boolean): void {
    if (this.#isTold) return;
    this.#isTold = isOver;
    joinExchange(exchange, this.exchange);
  }

  /** Variants are refilled side by side. */
  get #oneForEach(): string {
    return this.#question.flightKey ?? this.#question.key;
  }

  #goOnForNobody(): boolean {
    this.#isForNobody ||= this.#route.node.flights.goOn(this.#oneForEach);
    this.#isRefill ||= this.#isForNobody;
    return this.#isForNobody;
  }

  #goOnForSomebody(): void {
    if (this.#isForNobody) this.#route.node.flights.goOnNoMore(this.#oneForEach);
    this.#isForNobody = false;
  }

  // What comes from below.

  onHeaders(head: ResponseHead): void {
    const { clock, slow } = this.#route;
    const nowMs = clock.nowMs();
    if (head.status < 500) slow?.answered(nowMs - this.#askedAtMs, nowMs);
    const moments: Moments = { askedAtMs: this.#askedAtMs, receivedAtMs: nowMs, receivedWallMs: clock.wallMs() };
    if (this.#crowd.leader !== null) this.tell(this.#question.request.exchange, false);
    if (this.exchange.hasFallenBack) this.#fellBack(head);
    else if (this.#question.method === 'HEAD') this.#headCame(head, moments);
    else this.#received(head, moments);
  }

  #received(head: ResponseHead, moments: Moments): void {
    const { spec } = this.#route;
    const asked = this.#question.pending;
    const pending = this.#isAskedAgain ? { ...asked, validated: null } : asked;
    const tags = tagsOf(head.headers);
    const headers = tagsEnd(head.headers, spec.passesTags);
    const receipt: Receipt = receive(pending, head.status, headers, moments, spec);
    switch (receipt.kind) {
      case 'confirmed':
        if (receipt.why === null) this.#confirmed(receipt.stored, head.headers, tags);
        else this.#confirmedForOne(receipt.stored, receipt.why);
        return;
      case 'ask-again':
        this.#askAgain();
        return;
      case 'stale':
        this.#inTrouble(head);
        return;
      case 'pass':
        this.#pass(head, headers, receipt.why === 'not-modified' ? null : receipt.why);
        return;
      case 'store':
        if (tags === null) this.#pass(head, headers, 'tags');
        else this.#store(receipt.stored, head, headers, tags);
    }
  }

  /** Without the conditions, by which the upstream means another copy than ours. */
  #askAgain(): void {
    const cancel = this.#cancelNext;
    this.#cancelNext = nothingToCancel;
    this.#isAskedAgain = true;
    this.#ear?.close();
    cancel();
    this.#ask(validatingHeaders(this.#question.request.headers, null));
  }

  #confirmed(stored: Stored, update: HeaderList, tags: readonly string[] | null): void {
    const { node, clock } = this.#route;
    const { entry, flightKey, key, request } = this.#question;
    if (entry === null) throw new Error('what was confirmed was asked about');
    const subject = hasTags(update) ? { ...entry.subject, tags: tags ?? [] } : entry.subject;
    const next = node.l1.freshen(key, request.headers, entry, stored, subject, this.began);
    // More tags than can be kept: a purge might miss it.
    if (tags === null) node.l1.drop(next);
    // Under its old place the second level would go on giving it to all.
    else if (entry.stored.vary.join() !== stored.vary.join()) node.second?.l2.forget(sharedKey(this.#route, key));
    else this.#share(stored, next.body, subject);
    this.#state = 'draining';
    this.#endFlight();
    const isForAll = isReusable(stored, clock.nowMs());
    // Each would stand in line for a confirmation that is for the one who asked.
    if (!isForAll) this.#leaveAlone(NOT_SHARED_MS, false);
    else if (flightKey !== null) node.flights.stored(flightKey);
    this.#crowd.confirm(next, isForAll);
    if (isForAll) this.#question.late?.overtaken();
  }

  /** The copy is the answer, and with what the 304 says of it one for this client alone. */
  #confirmedForOne(stored: Stored, why: Refusal): void {
    const { entry } = this.#question;
    if (entry === null) throw new Error('what was confirmed was asked about');
    this.#state = 'draining';
    this.#leaveAlone(NOT_SHARED_MS);
    this.#refused(why, stored.status);
    this.#endLease(true);
    this.#crowd.confirm({ ...entry, stored }, false);
  }

  /** The copy is better than this answer, for those who have one. */
  #inTrouble({ status }: ResponseHead): void {
    this.#leaveAlone(FAILED_MS);
    const waiters = this.#crowd.takeAll();
    this.#cancel();
    letDown(
      waiters.filter((waiter) => !waiter.standsIn(status)),
      this.#crowd.leader,
    );
  }

  /** An answer of the route's own is no state of the resource: the copy is better, and nothing of it is stored. */
  #fellBack(head: ResponseHead): void {
    const { clock } = this.#route;
    if (standsIn(this.#question.pending, clock.nowMs())) this.#inTrouble(head);
    else this.#pass(head, head.headers, null);
  }

  #headCame(head: ResponseHead, moments: Moments): void {
    const { node, spec } = this.#route;
    const { entry, pending, key, request } = this.#question;
    const { ask, asked } = pending;
    const { status, headers } = head;
    if (isTrouble(status) && standsIn(pending, moments.receivedAtMs)) {
      this.#inTrouble(head);
      return;
    }
    if (entry !== null && entry.stored.part === null) {
      const next = afterHead(ask, asked, entry.stored, entry.body.bytes, status, headers, moments, spec);
      if (next?.why === null) node.l1.freshen(key, request.headers, entry, next.stored, entry.subject, this.began);
      else if (next !== null) this.#refused(next.why, status);
    }
    this.#pass(head, headers, null);
  }

  #pass(head: ResponseHead, headers: HeaderList, why: Refusal | null): void {
    const isTroubled = isTrouble(head.status) || this.exchange.hasFallenBack;
    this.#state = 'passing';
    this.#leaveAlone(isTroubled ? FAILED_MS : NOT_SHARED_MS, true, why !== null && why !== 'no-room' && !isTroubled);
    if (why !== null) this.#refused(why, head.status);
    this.#endLease(!isTroubled);
    const leader = this.#crowd.leader;
    const waiters = this.#crowd.takeAll();
    if (leader === null) this.#cancel();
    else {
      this.#crowd.add(leader);
      leader.passed(head, ownFieldsEnd(headers, this.#route.spec), why);
    }
    const others = waiters.filter((waiter) => waiter !== leader && !(isTroubled && waiter.standsIn(head.status)));
    if (isTroubled) letDown(others, leader);
    else for (const waiter of others) waiter.released('alone');
  }

  #store(stored: Stored, head: ResponseHead, headers: HeaderList, tags: readonly string[]): void {
    const { node, spec, clock } = this.#route;
    const { lengthBytes, status } = head;
    const writing = node.l1.write(lengthBytes, spec.bodyBytesMax);
    if (writing === null) {
      const isTooLarge = lengthBytes !== null && lengthBytes > spec.bodyBytesMax;
      this.#pass(head, headers, isTooLarge ? 'too-large' : 'no-room');
      return;
    }
    this.#state = 'storing';
    this.#writing = writing;
    this.#subject = { ...this.#subject, tags };
    const stream = new Stream(writing, () => head.resume());
    this.#answer = { stored, stream, lengthBytes, headers: ownFieldsEnd(headers, spec), status };
    const isForAll = isReusable(stored, clock.nowMs());
    if (!isForAll) this.#leaveAlone(NOT_SHARED_MS, false);
    this.#crowd.share(this.#answer, isForAll);
    if (isForAll) this.#question.late?.overtaken();
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#answer === null) return this.#crowd.leader?.data(chunk) ?? false;
    const { stream, status } = this.#answer;
    const wasStored = stream.isStored;
    const isOpen = stream.push(chunk);
    if (!wasStored || stream.isStored) return isOpen;
    this.#leaveAlone(NOT_SHARED_MS);
    this.#refused('too-large', status);
    if (!stream.isRead) this.#cancel();
    return isOpen;
  }

  onComplete(): void {
    const wasPassing = this.#state === 'passing';
    const leader = this.#crowd.leader;
    if (this.#answer !== null) {
      if (this.#answer.stream.isStored) this.#keep(this.#answer);
      this.#endFlight();
    }
    this.#finish();
    this.#answer?.stream.end('whole');
    if (wasPassing) leader?.complete();
    this.#tellOnesOwn();
  }

  #keep({ stored, status }: Shared): void {
    const { node, observer } = this.#route;
    const { key, request, flightKey } = this.#question;
    const writing = this.#writing;
    const pieces = writing?.pieces ?? [];
    if (writing === null) return;
    const why = node.l1.store(key, request.headers, stored, writing, this.#subject, this.began);
    // Redis may have the room that this node has not.
    if (why === null || why === 'not-admitted') this.#share(stored, bodyInPieces(pieces), this.#subject);
    if (why !== null) {
      this.#refused(why, status);
      return;
    }
    node.refusals.stored(this.#subject.url);
    if (flightKey !== null && isReusable(stored, this.#route.clock.nowMs())) node.flights.stored(flightKey);
    observer.stored();
  }

  #share(stored: Stored, body: StoredBody, subject: PurgeSubject): void {
    shareWithNodes(this.#route, this.#question, this.#lease, { stored, body, subject, generation: this.#generation });
    this.#lease = null;
  }

  #endLease(isForAll: boolean): void {
    this.#lease?.release(isForAll);
    this.#lease = null;
  }

  onError(failed: Failure): void {
    const { slow, clock } = this.#route;
    const state = this.#state;
    const leader = this.#crowd.leader;
    this.exchange.failure ??= failed;
    if (state === 'asking') {
      const nowMs = clock.nowMs();
      slow?.gaveUp(nowMs - this.#askedAtMs, nowMs);
    }
    if (state === 'asking' || state === 'storing') this.#leaveAlone(FAILED_MS);
    if (this.#answer?.stream.isStored === true) this.#refused('incomplete', this.#answer.status);
    this.#writing?.abandon();
    const waiters = state === 'asking' ? this.#crowd.takeAll() : [];
    this.#finish();
    this.#answer?.stream.end(failed);
    if (state === 'passing') leader?.failed(failed);
    hearFailure(waiters, leader, failed);
    this.#tellOnesOwn();
  }

  // How it ends.

  #tooLate(): void {
    const failed = timerFired('total', this.#route.totalMs);
    this.exchange.failure ??= failed;
    this.#route.timerFired();
    this.#ear?.close();
    this.#cancelNext();
    this.onError(failed);
  }

  #cancel(): void {
    if (this.#state === 'over') return;
    this.exchange.failure ??= this.#question.request.exchange.failure;
    this.#endFlight();
    this.#writing?.abandon();
    this.#finish();
    this.#ear?.close();
    this.#cancelNext();
    this.#tellOnesOwn();
  }

  #finish(): void {
    const { flights } = this.#route.node;
    this.#state = 'over';
    this.#timer.cancel();
    this.#endLease(false);
    flights.fetches -= 1;
    this.#goOnForSomebody();
  }

  /** Where no exchange of a client will say what was tried. */
  #tellOnesOwn(): void {
    if (this.#isTold || this.#crowd.leader !== null) return;
    this.#isTold = true;
    this.exchange.endedAtMs = this.#route.clock.nowMs();
    this.#route.observer.fetchEnded(this.exchange);
  }

  #endFlight(): void {
    const { flightKey } = this.#question;
    if (flightKey !== null) this.#route.node.flights.end(flightKey, this);
  }

  /** Nobody waits for such an answer for so long; `cameToNothing`: nor is it worth a refresh; `isNowhere`: nor do others store it. */
  #leaveAlone(forMs: number, cameToNothing = true, isNowhere = false): void {
    const { node, clock } = this.#route;
    const { flightKey } = this.#question;
    this.#endFlight();
    if (flightKey === null) return;
    const untilMs = clock.nowMs() + forMs;
    // What failed may be for all when it succeeds.
    if (forMs !== FAILED_MS) node.flights.notShared(flightKey, untilMs);
    if (cameToNothing) node.flights.notRefreshed(flightKey, untilMs, isNowhere);
  }

  #refused(why: Refusal, status: number): void {
    notKept(this.#route, this.#question, this.#subject, why, status);
  }
}
