/** `weir ai models` and `weir ai providers`: what is known of models and where they are, without asking anybody. */
import { paintFor } from '@weir/control/cli/terminal.js';
import { Argument, type Command } from 'commander';
import { showModels, showProviders } from './show-models.js';

const HELP = `
Prices are dollars for a million tokens, of the day on which the price list was published that Weir comes with; what stands at
"-" nobody has said. Nothing is asked over the network.

Exit codes:
  0  listed
  1  no such kind of provider, or no model of that name

Examples:
  weir ai models --provider openai
  weir ai models claude-sonnet
  weir ai models --json | jq '.[] | select(.contextWindow > 1000000) | .name'
  weir ai providers`;

interface ModelsOptions {
  readonly provider?: string;
  readonly json?: true;
}

export function registerAi(program: Command): void {
  const ai = program.command('ai').summary('models and providers').description('Lists models and providers.');
  ai.command('models')
    .addArgument(new Argument('[text]', 'only models with this in their name'))
    .summary('models with their windows, prices and traits')
    .description('Lists models with their context windows, prices, and what they take and can.')
    .option('--provider <kind>', 'only models of this kind of provider')
    .option('--json', 'as JSON, with prices in picodollars a token')
    .addHelpText('after', HELP)
    .action(async (text: string | undefined, { provider, json }: ModelsOptions) => {
      const { catalogueOf } = await import('@weir/node/ai/catalogue/catalogue.js');
      const { loadPriceBook } = await import('@weir/node/ai/catalogue/package-book.js');
      const catalogue = catalogueOf(await loadPriceBook());
      if (provider !== undefined && !catalogue.kinds.includes(provider)) {
        fail(`no models are listed of the kind "${provider}"; there are ${catalogue.kinds.join(', ')}`);
        return;
      }
      const wanted = (text ?? '').toLowerCase();
      const cards = (provider === undefined ? catalogue.kinds : [provider])
        .flatMap((kind) => catalogue.list(kind))
        .filter(({ name, title }) => name.toLowerCase().includes(wanted) || title.toLowerCase().includes(wanted));
      if (cards.length === 0) fail(`no model is known with "${text ?? ''}" in its name`);
      else if (json) process.stdout.write(`${JSON.stringify(cards, null, 2)}\n`);
      else process.stdout.write(showModels(cards, Date.now(), paintFor(process.stdout.isTTY, process.env)));
    });
  ai.command('providers')
    .summary('kinds of providers')
    .description('Lists the kinds of providers that a config may name.')
    .addHelpText('after', '\nExit codes:\n  0  listed\n\nExamples:\n  weir ai providers')
    .action(async () => {
      const { COMPATIBLE, providerKinds, providerOf } = await import('@weir/node/ai/providers/registry.js');
      const providers = providerKinds().flatMap((kind) => (kind === COMPATIBLE ? [] : (providerOf(kind) ?? [])));
      process.stdout.write(showProviders(providers, paintFor(process.stdout.isTTY, process.env)));
    });
}

function fail(message: string): void {
  process.stderr.write(`weir: ${message}\n`);
  process.exitCode = 1;
}
