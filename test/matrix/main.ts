/** `npm run matrix`: prints what works with which provider, and keeps it in the docs. */
import { writeFileSync } from 'node:fs';
import { losses, matrixPage } from './page.js';

const page = matrixPage();
process.stdout.write(page);
writeFileSync(new URL('../../../docs/ai-matrix.md', import.meta.url), page);
const lost = losses();
if (lost.length > 0) {
  process.stderr.write(`\nLost on the way:\n${lost.join('\n')}\n`);
  process.exitCode = 1;
}
