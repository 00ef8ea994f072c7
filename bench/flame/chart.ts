/**
 * A flame graph (Gregg, "The Flame Graph", CACM 59(6), 2016): one box for each place on a stack, as wide as its share of the samples, above
 * whom it was called by, callees in the order of the alphabet. Its colour is its room; what it is and its share are told where
 * the pointer rests. Boxes too narrow to be seen are left out. Pure.
 */
import { type Attributes, element, escapeXml, picture, text } from '../svg.js';
import { type Room, roomOf, rooms } from './places.js';
import { type Frame, labelOf } from './profile.js';

const colours: Readonly<Record<Room, string>> = {
  listener: '#8fd3c8',
  chain: '#a9c8f5',
  'keys and limits': '#c3b3f2',
  'metrics and log': '#f3b6d3',
  'balancing and health': '#b9dd9b',
  transport: '#f5c98b',
  'other code of Weir': '#d5e3ec',
  packages: '#dccbb4',
  'JavaScript of Node.js': '#f2e38c',
  'calls into native code': '#ee9a86',
  'event loop: library, libuv, kernel': '#c9ced6',
  'garbage collection': '#9aa3af',
};

const WIDTH = 1_400;
const MARGIN = 16;
const ROW = 17;
const HEAD = 104;
const FOOT = 16;
/** Of the picture, in its units. */
const NARROWEST = 0.4;
const CHAR = 6.1;
const LABEL_CHARS_MIN = 3;
const LEGEND_COLUMNS = 4;
const LEGEND_ROW = 15;
const SOFT = '#616e7c';
/** Of the lowest box, which is in no room. */
const GROUND = '#eceff3';

export function flameOf(root: Frame, title: string, subtitle: string): string {
  const scale = (WIDTH - 2 * MARGIN) / Math.max(1, root.total);
  const height = HEAD + depthOf(root, NARROWEST / scale) * ROW + FOOT;
  const boxes: string[] = [];
  const draw = (frame: Frame, x: number, level: number): void => {
    const fill = level === 0 ? GROUND : colours[roomOf(frame)];
    const place = { x, y: height - FOOT - (level + 1) * ROW, width: frame.total * scale, fill };
    boxes.push(boxOf(frame, place, frame.total / root.total));
    let left = x;
    for (const child of inOrder(frame)) {
      const width = child.total * scale;
      if (width >= NARROWEST) draw(child, left, level + 1);
      left += width;
    }
  };
  if (root.total > 0) draw(root, MARGIN, 0);
  return picture({ width: WIDTH, height }, title, [
    text(MARGIN, 28, title, { 'font-size': 18, 'font-weight': 600 }),
    text(MARGIN, 48, subtitle, { fill: SOFT }),
    ...rooms.map(legendOf),
    ...boxes,
  ]);
}

const inOrder = (frame: Frame): Frame[] =>
  [...frame.children].toSorted(([first], [second]) => (first < second ? -1 : 1)).map(([, child]) => child);

/** Levels that have a box of at least so many samples. */
function depthOf(frame: Frame, atLeast: number): number {
  const below = [...frame.children.values()].filter((child) => child.total >= atLeast);
  return 1 + Math.max(0, ...below.map((child) => depthOf(child, atLeast)));
}

interface BoxPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly fill: string;
}

function boxOf(frame: Frame, { x, y, width, fill }: BoxPlace, share: number): string {
  const label = labelOf(frame);
  // What is nearest to its end is most its own: `onHead pool.ts`.
  const short = label.replace(/(?:[\w.@:-]+\/)+/, '');
  const shape: Attributes = {
    x,
    y,
    width: Math.max(NARROWEST, width - 0.5),
    height: ROW - 1,
    rx: 1.5,
    fill,
  };
  const room = Math.floor((width - 6) / CHAR);
  const written = room < LABEL_CHARS_MIN ? '' : text(x + 3, y + 12, cut(short, room), { 'font-size': 10.5 });
  const told = element('title', {}, escapeXml(`${label}: ${(share * 100).toFixed(2)} %, ${frame.total} samples`));
  return element('g', {}, told + element('rect', shape) + written);
}

const cut = (label: string, chars: number): string => (label.length <= chars ? label : `${label.slice(0, chars - 1)}…`);

function legendOf(room: Room, index: number): string {
  const x = MARGIN + (index % LEGEND_COLUMNS) * ((WIDTH - 2 * MARGIN) / LEGEND_COLUMNS);
  const y = 62 + Math.floor(index / LEGEND_COLUMNS) * LEGEND_ROW;
  return element('rect', { x, y, width: 10, height: 10, rx: 2, fill: colours[room] }) + text(x + 16, y + 9, room);
}
