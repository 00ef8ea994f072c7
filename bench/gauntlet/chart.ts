/**
 * The gauntlet as one picture, SVG written by hand: for each scenario a block of thin bars, one for each proxy. On the
 * left the share of good answers among those that could have been given; in the middle p50, p99 and p99.9 of the good
 * ones on a logarithmic axis, as tick, dot and ring; on the right the upstream requests made for each of a client. Pure.
 */
import { element, picture, text } from '../svg.js';
import { type GauntletPeer, gauntletPeers } from './peers.js';
import type { Result } from './results.js';
import { scenarios } from './scenarios.js';

const colours: Readonly<Record<GauntletPeer, string>> = {
  nginx: '#8796a5',
  haproxy: '#d9882b',
  weir: '#0f8b7d',
  'weir-tuned': '#5a4fb0',
};

const WIDTH = 1080;
const HEAD = 92;
const FOOT = 28;
const ROW = 13;
const GAP = 14;
const share = { x: 250, width: 260 };
const time = { x: 580, width: 360, fromMs: 0.5, toMs: 10_000 };
const repeated = { x: 1_000 };
const FAINT = '#dfe4ea';
const SOFT = '#616e7c';

/** Where a time stands on the logarithmic axis; what is beyond an end stands at that end. */
export function timeX(ms: number): number {
  const clamped = Math.min(time.toMs, Math.max(time.fromMs, ms));
  return time.x + (time.width * Math.log(clamped / time.fromMs)) / Math.log(time.toMs / time.fromMs);
}

export function chartOf(results: readonly Result[], subtitle: string): string {
  const peers = gauntletPeers.filter((peer) => results.some((result) => result.peer === peer));
  const shown = scenarios.filter(({ id }) => results.some(({ scenario }) => scenario === id));
  const block = peers.length * ROW + GAP;
  const height = HEAD + shown.length * block + FOOT;
  const title = 'The gauntlet: what clients notice of bad upstreams';
  return picture({ width: WIDTH, height }, title, [
    text(20, 28, title, { 'font-size': 18, 'font-weight': 600 }),
    text(20, 48, subtitle, { fill: SOFT }),
    legend(peers),
    axes(height),
    ...shown.map(({ id, title: scenario }, index) => {
      const y = HEAD + index * block;
      const rule = element('line', { x1: 20, x2: WIDTH - 20, y1: y - GAP / 2, y2: y - GAP / 2, stroke: FAINT });
      const label = text(20, y + (peers.length * ROW) / 2 + 4, scenario, { 'font-size': 12 });
      const rows = peers.map((peer, row) => {
        const result = results.find((one) => one.scenario === id && one.peer === peer);
        return result === undefined ? '' : rowOf(result, y + row * ROW);
      });
      return rule + label + rows.join('');
    }),
  ]);
}

function legend(peers: readonly GauntletPeer[]): string {
  const STEP = 110;
  const x = WIDTH - 20 - peers.length * STEP;
  return peers
    .map((peer, index) => {
      const at = x + index * STEP;
      const mark = element('rect', { x: at, y: 20, width: 10, height: 10, rx: 2, fill: colours[peer] });
      return mark + text(at + 16, 29, peer, { 'font-size': 12 });
    })
    .join('');
}

function axes(height: number): string {
  const lines: string[] = [];
  const rule = (x: number, label: string): void => {
    lines.push(element('line', { x1: x, x2: x, y1: HEAD - 8, y2: height - FOOT, stroke: FAINT }));
    lines.push(text(x, height - FOOT + 14, label, { 'text-anchor': 'middle', fill: SOFT, 'font-size': 10 }));
  };
  for (const percent of [0, 25, 50, 75, 100]) rule(share.x + (share.width * percent) / 100, `${percent} %`);
  for (const ms of [1, 10, 100, 1_000, 10_000]) rule(timeX(ms), ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`);
  const heading = (x: number, content: string, anchor = 'start'): string =>
    text(x, HEAD - 16, content, { 'font-weight': 600, 'text-anchor': anchor });
  return [
    ...lines,
    heading(share.x, 'Good answers, of those that could be given'),
    heading(time.x, 'Time of good answers: | p50   ● p99   ○ p99.9'),
    heading(repeated.x, 'Upstream', 'middle'),
  ].join('');
}

/** One proxy in one scenario. Above 100 % a bar ends at its axis, and its number tells. */
function rowOf(result: Result, y: number): string {
  const fill = colours[result.peer];
  const good = Math.min(1, result.answerableShare);
  const middle = y + ROW / 2;
  const small = { 'font-size': 9.5, fill: SOFT };
  const bar = element('rect', {
    ...{ x: share.x, y: y + 1.5, height: ROW - 3, rx: 1.5, fill },
    width: Math.max(0.5, share.width * good),
  });
  const number = text(share.x + share.width + 6, middle + 3.5, `${(result.answerableShare * 100).toFixed(1)} %`, small);
  const factor = text(repeated.x, middle + 3.5, `× ${result.amplification.toFixed(2)}`, {
    ...small,
    'text-anchor': 'middle',
  });
  return bar + number + timesOf(result, middle, fill) + factor;
}

function timesOf({ p50Ms, p99Ms, p999Ms }: Result, y: number, colour: string): string {
  // Without a good answer there is no time to show.
  if (Number.isNaN(p50Ms)) return '';
  const [low, high, highest] = [timeX(p50Ms), timeX(p99Ms), timeX(p999Ms)];
  return [
    element('line', { x1: low, x2: highest, y1: y, y2: y, stroke: colour, 'stroke-opacity': 0.45 }),
    element('line', { x1: low, x2: low, y1: y - 4, y2: y + 4, stroke: colour, 'stroke-width': 2 }),
    element('circle', { cx: highest, cy: y, r: 3.4, fill: '#ffffff', stroke: colour, 'stroke-width': 1.4 }),
    element('circle', { cx: high, cy: y, r: 2.4, fill: colour }),
  ].join('');
}
