/** Which file of the sources a frame stands in, and which room of the gateway that is. Pure but for reading bundles by `readText`. */
import { type CallFrame, EVENT_LOOP, type Place } from './profile.js';

/** Rooms in the order of their colours and legend. */
export const rooms = [
  'listener',
  'chain',
  'keys and limits',
  'metrics and log',
  'balancing and health',
  'transport',
  'other code of Weir',
  'packages',
  'JavaScript of Node.js',
  'calls into native code',
  'event loop: library, libuv, kernel',
  'garbage collection',
] as const;
export type Room = (typeof rooms)[number];

/** The first that a path begins with counts. */
const roomsByPath: readonly (readonly [prefix: string, room: Room])[] = [
  ['node/listener/', 'listener'],
  ['node/layers/authenticate', 'keys and limits'],
  ['node/layers/limit', 'keys and limits'],
  ['node/layers/observe', 'metrics and log'],
  ['node/layers/', 'chain'],
  ['node/pipeline/', 'chain'],
  ['node/route/', 'chain'],
  ['node/auth/', 'keys and limits'],
  ['node/limit/', 'keys and limits'],
  ['node/observe/', 'metrics and log'],
  ['node/trace/', 'metrics and log'],
  ['node/upstream/transport/', 'transport'],
  ['node/upstream/', 'balancing and health'],
  ['node/', 'other code of Weir'],
  ['proto/', 'other code of Weir'],
  ['bench/', 'other code of Weir'],
  ['node:', 'JavaScript of Node.js'],
  ['', 'packages'],
];

export function roomOf({ name, file }: Place): Room {
  if (name === '(garbage collector)') return 'garbage collection';
  if (name === EVENT_LOOP) return 'event loop: library, libuv, kernel';
  if (file === '') return 'calls into native code';
  return roomsByPath.find(([prefix]) => file.startsWith(prefix))?.[1] ?? 'packages';
}

/** The head that the bundler writes above each file that it has put in (scripts/bundle.mjs). */
const headOfFile = /^\/\/ ((?:[\w.@-]+\/)+[\w.-]+\.[cm]?js)$/;

/** Of each line of a bundle the file that it came from; lines before the first head have none. */
export function filesOfLines(bundle: string): readonly (string | undefined)[] {
  let file: string | undefined;
  return bundle.split('\n').map((line) => {
    file = headOfFile.exec(line)?.[1] ?? file;
    return file;
  });
}

/** V8 knows native functions by their address: uWebSockets.js has one for two of its names, and we call it by the other. */
const nativeNames: ReadonlyMap<string, string> = new Map([['collect', 'cork']]);

/** `root`: the URL of the folder of the sources, with a slash at its end. */
export function placesUnder(root: string, readText: (url: string) => string): (frame: CallFrame) => Place {
  const bundles = new Map<string, readonly (string | undefined)[]>();
  return ({ functionName: name, url, lineNumber }) => {
    if (url === '') return { name: nativeNames.get(name) ?? name, file: '' };
    if (url.startsWith('node:')) return { name, file: url };
    let lines = bundles.get(url);
    if (lines === undefined) {
      lines = url.includes('/bundle/') ? filesOfLines(readText(url)) : [];
      bundles.set(url, lines);
    }
    return { name, file: sourceOf(lines[lineNumber] ?? url.replace(root, '')) };
  };
}

/** `node/dist/pipeline/chain.js` is compiled from `node/pipeline/chain.ts`; packages stay as they are. */
const sourceOf = (path: string): string =>
  path.startsWith('node_modules/')
    ? path.slice('node_modules/'.length)
    : path.replace('/dist/', '/').replace(/\.js$/, '.ts');
