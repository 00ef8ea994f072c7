/** Reads the file of a contract: no more of it than a contract may have, and no pipe that nobody writes to. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ContractFault } from '../contract/contract-faults.js';
import { contractBytesMax } from '../contract/contract-size.js';

export type ContractText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: ContractFault };

export async function readContractFile(file: string): Promise<ContractText> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await handle.stat()).isFile()) return refused('this is no file');
      // One byte more than allowed, so that a file that is too large shows itself as such.
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(contractBytesMax + 1), 0, contractBytesMax + 1, 0);
      return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead)) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return refused('the file is not UTF-8 text');
    return refused(code === 'ENOENT' ? 'the file does not exist' : `the file cannot be read (${code})`);
  }
}

function refused(message: string): ContractText {
  return {
    ok: false,
    fault: { severity: 'error', pointer: '', line: null, message, cure: 'name an OpenAPI document' },
  };
}
