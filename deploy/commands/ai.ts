/** `weir ai models` and `weir ai providers`: what is known of models and where they are, without asking anybody; and `weir ai spend`. */
import { formatFault } from '@weir/control/cli/check.js';
import { registerSpend } from '@weir/control/cli/spend.js';
import { paintFor } from '@weir/control/cli/terminal.js';
import type { ModelCard } from '@weir/node/ai/catalogue/card.js';
import { Argument, type Command } from 'commander';
import type { Configured } from './show-ai.js';

const MODELS_HELP = `
Prices are dollars for a million tokens, of the day on which the price list was published that Weir comes with; what stands at
"-" nobody has said. Nothing is asked over the network. A provider may have models that are not listed, and they can be asked for.

With --config it lists the names that the config has of its own, and the models of its providers as clients name them:
PROVIDER/MODEL.

Exit codes:
  0  listed
  1  no such kind of provider, no model of that name, or a config with faults

Examples:
  weir ai models --provider openai
  weir ai models claude-sonnet
  weir ai models --config weir.yaml
  weir ai models --json | jq '.[] | select(.contextWindow > 1000000) | .name'`;

const PROVIDERS_HELP = `
A setting in brackets may be left out; a key of several parts is written with a colon between them. With --config it lists the
providers of a config: where they lie, and the names of their keys.

Exit codes:
  0  listed
  1  a config with faults

Examples:
  weir ai providers
  weir ai providers --config weir.yaml`;

interface ProvidersOptions {
  readonly config?: string;
  readonly json?: true;
}

interface ModelsOptions extends ProvidersOptions {
  readonly provider?: string;
}

export function registerAi(program: Command): void {
  const ai = program
    .command('ai')
    .summary('models and providers, and what they cost')
    .description('Lists models and providers, and what requests to them took and cost.');
  ai.command('models')
    .addArgument(new Argument('[text]', 'only models with this in their name'))
    .summary('models with their windows, prices and traits')
    .description('Lists models with their context windows, prices, and what they take and can.')
    .option('--provider <kind>', 'only models of this kind of provider')
    .option('--config <file>', 'only models of the providers of this config, and its own names for models')
    .option('--json', 'as JSON, with prices in picodollars a token')
    .addHelpText('after', MODELS_HELP)
    .action(listModels);
  ai.command('providers')
    .summary('kinds of providers')
    .description('Lists the kinds of providers that a config may name: where each lies, its key and its settings.')
    .option('--config <file>', 'list the providers of this config')
    .option('--json', 'as JSON')
    .addHelpText('after', PROVIDERS_HELP)
    .action(listProviders);
  registerSpend(ai);
}

async function listModels(text: string | undefined, { provider, config, json }: ModelsOptions): Promise<void> {
  const { catalogueOf } = await import('@weir/node/ai/catalogue/catalogue.js');
  const { loadPriceBook } = await import('@weir/node/ai/catalogue/package-book.js');
  const catalogue = catalogueOf(await loadPriceBook());
  if (provider !== undefined && !catalogue.kinds.includes(provider)) {
    fail(`no models are listed of the kind "${provider}"; there are ${catalogue.kinds.join(', ')}`);
    return;
  }
  const read = config === undefined ? null : await readAi(config);
  if (config !== undefined && read === null) return;
  const wanted = (text ?? '').toLowerCase();
  const isWanted = (...names: readonly string[]): boolean => names.some((name) => name.toLowerCase().includes(wanted));
  const cardsOf = (kind: string): readonly ModelCard[] =>
    (provider ?? kind) === kind ? catalogue.list(kind).filter(({ name, title }) => isWanted(name, title)) : [];
  if (read === null) await print(catalogue.kinds.flatMap(cardsOf), null, json, text);
  else {
    const cards = read.providers.flatMap(({ id, kind }) => cardsOf(kind).map((card) => ({ ...card, provider: id })));
    await print(cards, { ...read, models: read.models.filter(({ id }) => isWanted(id)) }, json, text);
  }
}

async function print(
  cards: readonly (ModelCard & { readonly provider?: string })[],
  own: Configured | null,
  json: true | undefined,
  text = '',
): Promise<void> {
  const { showModels } = await import('./show-models.js');
  const { showNames } = await import('./show-ai.js');
  if (cards.length === 0 && (own?.models.length ?? 0) === 0) fail(`no model is known with "${text}" in its name`);
  else if (json)
    process.stdout.write(`${JSON.stringify(own === null ? cards : { names: own.models, models: cards }, null, 2)}\n`);
  else {
    if (own !== null && own.models.length > 0) process.stdout.write(`${showNames(own.models, paint())}\n`);
    const shown = cards.map(({ provider, ...card }) => ({ ...card, kind: provider ?? card.kind }));
    if (shown.length > 0) process.stdout.write(showModels(shown, Date.now(), paint()));
  }
}

async function listProviders({ config, json }: ProvidersOptions): Promise<void> {
  const { providerFacts } = await import('@weir/proto/ai/providers.js');
  const { showKinds, showProviders } = await import('./show-ai.js');
  const read = config === undefined ? null : await readAi(config);
  if (config !== undefined && read === null) return;
  if (json) process.stdout.write(`${JSON.stringify(read?.providers ?? providerFacts, null, 2)}\n`);
  else process.stdout.write(read === null ? showKinds(providerFacts, paint()) : showProviders(read, paint()));
}

/** Null where it can't be had, which is told. */
async function readAi(file: string): Promise<Configured | null> {
  const { loadConfig } = await import('@weir/control/publish/load-config.js');
  const loaded = await loadConfig(file, { environment: process.env, version: 0, createdWallMs: Date.now() });
  if (loaded.ok) {
    const { ai, upstreams } = loaded.snapshot;
    return { providers: ai?.providers ?? [], models: ai?.models ?? [], upstreams };
  }
  const isColoured = process.stderr.isTTY === true && process.env['NO_COLOR'] === undefined;
  for (const fault of loaded.faults) process.stderr.write(`${formatFault(file, fault, isColoured)}\n`);
  process.exitCode = 1;
  return null;
}

const paint = () => paintFor(process.stdout.isTTY, process.env);

function fail(message: string): void {
  process.stderr.write(`weir: ${message}\n`);
  process.exitCode = 1;
}
