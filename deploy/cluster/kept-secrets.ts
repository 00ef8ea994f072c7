/**
 * What a host keeps of secrets of teams, so that it starts with all controls away: the answers of controls as they came, signed, and sealed for this
 * host; and, in a file of its own, the key that they are sealed for. Who has the one without the other has nothing. Whoever may read the whole
 * folder, as root and the user of the host may, reads them, as they could in the memory of its processes.
 *
 *     cluster-NAME.secrets    { "format": 1, "answerBytes": [612, …] }\n  answer, …
 *     secrets.key             32 bytes in base64url, 0600, drawn when the first of them is needed
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawnSecretKey } from '@weir/control/secrets/secret-key.js';
import { type BoxKey, boxKeyFrom, drawBoxKey } from '@weir/proto/signing/sealed-box.js';
import { z } from 'zod';
import { writeWhole } from '../up/write-whole.js';

const head = z.object({ format: z.literal(1), answerBytes: z.array(z.number().int().nonnegative()) });

/** One for each cluster that a folder was ever used for. */
export function secretsFile(dataFolder: string, cluster: string): string {
  return join(dataFolder, `cluster-${cluster}.secrets`);
}

export function writeSecrets(path: string, answers: readonly Uint8Array[]): Promise<void> {
  const line = `${JSON.stringify({ format: 1, answerBytes: answers.map(({ length }) => length) })}\n`;
  return writeWhole(path, [line, ...answers]);
}

/** None where there is no file, or none that can be read, which is said. */
export async function readSecrets(path: string, say: (text: string) => void): Promise<readonly Uint8Array[]> {
  try {
    const content = new Uint8Array(await readFile(path));
    const end = content.indexOf(10);
    const { answerBytes } = head.parse(JSON.parse(new TextDecoder().decode(content.subarray(0, end))));
    let at = end + 1;
    return answerBytes.map((length) => {
      at += length;
      return content.slice(at - length, at);
    });
  } catch (error) {
    // `code` is how Node names errors of the system.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      say(`the secrets of teams that were kept in ${path} can't be read; they are asked for anew`);
    return [];
  }
}

/** The same for all the life of a host and its folder; where that can't be written, for the life of this process. */
export function hostBoxKey(dataFolder: string, say: (text: string) => void): () => BoxKey {
  let key: BoxKey | null = null;
  return () => {
    key ??= drawn(join(dataFolder, 'secrets.key'), say);
    return key;
  };
}

function drawn(file: string, say: (text: string) => void): BoxKey {
  try {
    return boxKeyFrom(drawnSecretKey(file));
  } catch (error) {
    say(`${file} can be neither read nor made (${String(error)}), so secrets of teams do not outlive this process`);
    return drawBoxKey();
  }
}
