/**
 * A page of eight answers that take 80 ms each: as the client asks for them one after the other, as one composition, and as one of which two
 * parts fail or stall. Asked of a whole gateway; what counts are ratios to what one part takes by itself.
 */
import { startGateway } from '../support/gateway.js';
import { answerJson, type PartRequest, startParts } from '../support/parts.js';
import { onStage } from '../support/stage.js';
import { quantile, type Report, showMs } from './campaign.js';

export interface ComposeScale {
  readonly pages: number;
  /** What a part may take that stalls: it is given up then, and the page is told without it. */
  readonly partTimeoutMs: number;
  /** A page takes no longer than this many times what one of its parts takes. */
  readonly ratioMax: number;
}

export const fullCompose: ComposeScale = { pages: 100, partTimeoutMs: 250, ratioMax: 1.5 };

const PARTS = 8;
const ANSWER_AFTER_MS = 80;

type Trouble = 'none' | 'fail' | 'stall';

const config = (url: string, timeoutMs: number): string => {
  const parts = Array.from(
    { length: PARTS },
    (_, n) => `        p${n}: { route: part, path: /part/${n}, timeout: ${timeoutMs}ms }`,
  );
  return `
gateway: { accessLog: false }
upstreams: [{ id: parts, targets: "${url}" }]
routes:
  - { id: part, match: /part/*, upstream: parts, retry: false }
  - id: page
    match: /page
    compose:
      parts:
${parts.join('\n')}`;
};

export function runCompose(scale: ComposeScale): Promise<Report> {
  const { pages, partTimeoutMs } = scale;
  return onStage(async (stage) => {
    let trouble: Trouble = 'none';
    const answer = (request: PartRequest): void => {
      const isBad = trouble !== 'none' && /\/(?:2|5)$/.test(request.url);
      if (isBad && trouble === 'stall') return;
      if (isBad) answerJson(request, { why: 'broken' }, 500);
      else setTimeout(() => answerJson(request, { url: request.url }), ANSWER_AFTER_MS);
    };
    const upstream = await startParts(stage, answer);
    const gateway = await startGateway(config(upstream.url, partTimeoutMs));
    stage.onEnd(() => gateway.close());
    const timed = async (
      paths: readonly string[],
    ): Promise<{ ms: number; last: { readonly errors?: readonly unknown[] } }> => {
      const beganMs = performance.now();
      let last: { readonly errors?: readonly unknown[] } = {};
      for (const path of paths) last = (await (await fetch(`${gateway.url}${path}`)).json()) as typeof last; // Objects are all that is answered.
      return { ms: performance.now() - beganMs, last };
    };
    const medianOf = async (paths: readonly string[], wanted: number): Promise<number> => {
      const times: number[] = [];
      for (let page = 0; page < pages; page += 1) {
        const { ms, last } = await timed(paths);
        times.push(ms);
        const good = Object.values(last).filter((value) => value !== null).length - (last.errors === undefined ? 0 : 1);
        if (paths.length === 1 && paths[0] === '/page' && good !== wanted)
          broken.push(`a page has ${good} good parts, not ${wanted}`);
      }
      return quantile(times, 0.5);
    };
    const broken: string[] = [];
    await timed(['/page']);
    const one = await medianOf(['/part/0'], 1);
    const each = await medianOf(
      Array.from({ length: PARTS }, (_, n) => `/part/${n}`),
      PARTS,
    );
    const composed = await medianOf(['/page'], PARTS);
    trouble = 'fail';
    const failing = await medianOf(['/page'], PARTS - 2);
    trouble = 'stall';
    const stalling = await medianOf(['/page'], PARTS - 2);
    const medians = { one, each, composed, failing, stalling };
    return {
      figures: figuresOf(medians, partTimeoutMs),
      broken: [...new Set([...broken, ...tooLate(medians, scale)])],
    };
  });
}

interface Medians {
  readonly one: number;
  readonly each: number;
  readonly composed: number;
  readonly failing: number;
  readonly stalling: number;
}

const ratio = (ms: number, one: number): string => `${showMs(ms)}, ${(ms / one).toFixed(2)} of one part`;

function figuresOf({ one, each, composed, failing, stalling }: Medians, timeoutMs: number): Report['figures'] {
  return {
    'one part': showMs(one),
    [`${PARTS} parts, one after the other`]: ratio(each, one),
    'one composition': ratio(composed, one),
    'two parts fail': ratio(failing, one),
    [`two parts stall, given up after ${timeoutMs} ms`]: ratio(stalling, one),
  };
}

/** The promise: about 90 ms of 80, and a stall costs no more than what a part may take. */
function tooLate(
  { one, each, composed, failing, stalling }: Medians,
  { partTimeoutMs, ratioMax }: ComposeScale,
): string[] {
  const stallMax = (partTimeoutMs / ANSWER_AFTER_MS) * ratioMax;
  const late: string[] = [];
  if (composed > one * ratioMax)
    late.push(`a composition takes ${(composed / one).toFixed(2)} times what a part takes`);
  if (composed * 2 > each) late.push('a composition is not twice as fast as its parts one after the other');
  if (failing > one * ratioMax) late.push('a composition of which parts fail is late');
  if (stalling > one * stallMax) late.push('a composition of which parts stall is later than their timeout');
  return late;
}
