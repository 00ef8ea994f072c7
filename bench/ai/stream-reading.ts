/**
 * One answer on a connection, read as cheaply as can be: the tokens of the mock are found by what they look like, whoever wrote the
 * JSON around them. Pure, but for what it is told of time.
 */

const TOKEN = /"content":\s?"(?:a(\d+))?t(\d+)"/g;
/** What a token may be cut in; more of it is never kept. */
const REST_CHARS_MAX = 4_096;
const END = '0\r\n\r\n';

export class StreamReading {
  /** From the request's way there and the first token's way back; NaN: none has come. */
  firstUs = Number.NaN;
  /** Of each token behind the first, from where it was sent to here. */
  readonly tokensUs: number[] = [];
  tokens = 0;
  /** The status, or what was said in its place. */
  failed: string | null = null;
  isOver = false;
  readonly #askedAtUs: number;
  #rest = '';
  #hasHead = false;
  #isDone = false;

  constructor(askedAtUs: number) {
    this.#askedAtUs = askedAtUs;
  }

  feed(text: string, nowUs: number): void {
    let given = this.#rest + text;
    if (!this.#hasHead) {
      if (!given.includes('\r\n\r\n')) {
        this.#rest = given;
        return;
      }
      this.#hasHead = true;
      if (!given.startsWith('HTTP/1.1 200 ')) this.failed = given.slice(0, given.indexOf('\r\n'));
    }
    let end = 0;
    for (const found of given.matchAll(TOKEN)) {
      this.#token(found[1], Number(found[2]), nowUs);
      end = found.index + found[0].length;
    }
    given = given.slice(end);
    this.#isDone ||= given.includes('[DONE]');
    if (this.#isDone ? given.endsWith(END) : this.failed !== null) this.isOver = true;
    this.#rest = given.slice(-REST_CHARS_MAX);
  }

  #token(cameAt: string | undefined, sentAtUs: number, nowUs: number): void {
    this.tokens += 1;
    if (cameAt === undefined) this.tokensUs.push(nowUs - sentAtUs);
    else this.firstUs = Number(cameAt) - this.#askedAtUs + (nowUs - sentAtUs);
  }
}
