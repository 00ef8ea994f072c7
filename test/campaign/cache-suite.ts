/**
 * Weir's cache before a public suite, with the config of deploy/examples/cache-suite.yaml: how many cases it meets, and which it does not.
 * Broken are those that are missed and not excepted, and exceptions that are none any more.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, root } from '../support/built.js';
import { onStage } from '../support/stage.js';
import { weirUp } from '../support/weir-up.js';
import { whyExcepted } from './cache-suite/exceptions.js';
import { casesOf, installSuite, runSuite, startOrigin } from './cache-suite/suite.js';
import { countsByGroup, type Verdict, verdicts } from './cache-suite/verdicts.js';
import type { Report } from './campaign.js';

const SUITE_PORT = '127.0.0.1:8000';
const OWN_PORT = '127.0.0.1:8080';

export function runCacheSuite(): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const folder = installSuite((text) => void process.stdout.write(`  ${text}\n`));
    const cases = await casesOf(folder);
    const port = await startOrigin(stage, folder);
    const text = readFileSync(join(root, 'deploy/examples/cache-suite.yaml'), 'utf8');
    const weir = await weirUp(stage, text.replace(SUITE_PORT, `127.0.0.1:${port}`).replace(OWN_PORT, '127.0.0.1:0'));
    return reportOf(verdicts(cases, await runSuite(folder, `http://127.0.0.1:${weir.port}`)));
  });
}

/** Questions are neither met nor missed: the suite asks what caches do. */
export function reportOf(judged: readonly Verdict[]): Report {
  const figures: Record<string, string> = { ...countsByGroup(judged) };
  const broken: string[] = [];
  for (const { id, kind, missed } of judged) {
    const why = whyExcepted.get(id);
    if (kind === 'question') continue;
    if (missed === null) {
      if (why !== undefined)
        broken.push(`${id} is met, and stands among the exceptions (cache-suite/exceptions.ts, docs/cache.md)`);
    } else if (why === undefined) broken.push(`${id} (${kind}): ${missed}`);
    else figures[`not met: ${id} (${kind})`] = why;
  }
  return { figures, broken };
}
