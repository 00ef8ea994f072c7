/**
 * Whether an address can be bound, asked before anything is started, so that a taken port is one clear line and not the
 * death of a process. The listener can't be relied on for it: a socket may share its port on purpose.
 */
import { createServer } from 'node:net';
import { portOwner } from '@weir/node/listener/port-owner.js';
import { type Address, formatAddress } from '@weir/proto/bus/address.js';

/** Null when the address can be bound, else why not, in one line that names the owner of the port where it can. */
export async function whyNotFree(address: Address, purpose: string): Promise<string | null> {
  const code = await bindError(address);
  switch (code) {
    case null:
      return null;
    case 'EADDRINUSE':
      return `${purpose}: ${await portOwner(address.host, address.port)}`;
    case 'EACCES':
      return `${purpose}: this user may not listen on ${formatAddress(address)} (ports below 1024 need a privilege)`;
    case 'EADDRNOTAVAIL':
      return `${purpose}: this machine has no address ${address.host}`;
    default:
      return `${purpose}: cannot listen on ${formatAddress(address)} (${code})`;
  }
}

function bindError(address: Address): Promise<string | null> {
  if (address.port === 0) return Promise.resolve(null);
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ ...address, exclusive: true }, () => probe.close(() => resolve(null)));
  });
}
