/** The matrix as a page: a table for each format, and the sentences of what is refused, once each. Pure. */
import { providerOf } from '@weir/node/ai/providers/registry.js';
import { type Cell, columns } from './cells.js';
import { type Way, ways } from './questions.js';
import { shapes } from './shapes.js';

interface Row {
  readonly kind: string;
  readonly cells: readonly Cell[];
}

export function rowsOf(way: Way): readonly Row[] {
  return Object.entries(shapes).map(([kind, shape]) => {
    const provider = providerOf(kind);
    if (provider === null) throw new Error(`no provider is called ${kind}`);
    return { kind, cells: columns.map((column) => column.test({ way, provider, shape })) };
  });
}

/** What is lost, in one sentence each; there should be none. */
export function losses(): readonly string[] {
  return ways.flatMap((way) =>
    rowsOf(way).flatMap(({ kind, cells }) =>
      cells.flatMap((cell, index) =>
        cell.kind === 'lost' ? [`${way.format.name} → ${kind}, ${columns[index]?.title}: ${cell.why}`] : [],
      ),
    ),
  );
}

export function matrixPage(): string {
  const notes: string[] = [];
  const tables = ways.map((way) => tableOf(way, notes));
  return `# What works with which provider

<!-- Written by \`npm run matrix\`; a test compares. -->

Each cell is run: a question in the words of the format is translated into those of the provider, an answer in the shape of the provider's
published reference comes back, and what was asked for has to have arrived on both sides, as texts, calls, reasons and figures. **✓** works; a
number is a refusal, which the caller gets as a 400 with the sentence below (or as a warning, with \`unsupported: drop\` on the route); **–** the format
itself has no word for it; **✗** would be something that gets lost, at which the test fails. \`docs/ai-providers.md\` tells what each provider can't do
besides, \`test/matrix\` what is asked and answered.

${columns.map(({ title, about }) => `- *${title}*: ${about}`).join('\n')}

OpenAI and Azure tell nothing of what a model thinks by chat completions: there the effort arrives, and no more can be asked for. The last five rows
are some of those that are described by data (\`weir ai providers\` lists all).

${tables.join('\n')}
## What is refused

${notes.map((note, index) => `${index + 1}. ${note}`).join('\n')}
`;
}

function tableOf(way: Way, notes: string[]): string {
  const head = ['', ...columns.map(({ title }) => title)];
  const lines = rowsOf(way).map(({ kind, cells }) => [`\`${kind}\``, ...cells.map((cell) => mark(cell, notes))]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const table = [line(head), line(head.map(() => '---')), ...lines.map(line)].join('\n');
  return `## ${way.title}: \`${way.path}\`\n\n${table}\n`;
}

function mark(cell: Cell, notes: string[]): string {
  switch (cell.kind) {
    case 'works':
      return '✓';
    case 'wordless':
      return '–';
    case 'lost':
      return '✗';
    case 'refused': {
      if (!notes.includes(cell.why)) notes.push(cell.why);
      return String(notes.indexOf(cell.why) + 1);
    }
  }
}
