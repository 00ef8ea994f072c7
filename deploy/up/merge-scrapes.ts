/**
 * Several scrapes as one: the series of each worker with its name as a label, those of one metric together, as Prometheus'
 * text format wants them. Pure.
 */

export interface Scrape {
  readonly worker: string;
  readonly text: string;
}

interface Block {
  /** HELP and TYPE, as the first scrape has them. */
  readonly head: string[];
  readonly series: string[];
}

const HEAD = /^# (?:HELP|TYPE) (\S+)/;

/** `worker` is a word, so it needs no escape. */
export function mergeScrapes(scrapes: readonly Scrape[]): string {
  const blocks = new Map<string, Block>();
  for (const { worker, text } of scrapes) {
    let block: Block | null = null;
    const isNew = new Set<string>();
    for (const line of text.split('\n')) {
      const name = HEAD.exec(line)?.[1];
      if (name !== undefined) {
        if (!blocks.has(name)) isNew.add(name);
        block = blocks.get(name) ?? { head: [], series: [] };
        blocks.set(name, block);
        if (isNew.has(name)) block.head.push(line);
      } else if (line !== '' && !line.startsWith('#')) block?.series.push(labelled(line, worker));
    }
  }
  return [...blocks.values()].flatMap(({ head, series }) => [...head, ...series, '']).join('\n');
}

/** The name of a metric ends with the first brace or blank; what follows may be anything. */
function labelled(line: string, worker: string): string {
  const end = line.search(/[{ ]/);
  const [name, rest] = [line.slice(0, end), line.slice(end)];
  if (!rest.startsWith('{')) return `${name}{worker="${worker}"}${rest}`;
  return `${name}{worker="${worker}"${rest.startsWith('{}') ? '' : ','}${rest.slice(1)}`;
}
