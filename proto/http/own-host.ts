/**
 * Guards what listens on loopback against DNS rebinding: a page in the operator's browser may point its own host name at
 * 127.0.0.1 and read answers as same-origin. Its requests then carry its name in Host, so only names that are known to
 * mean this machine are served (as Ollama, Vite and the Jupyter server do). Pure.
 */

const LOCAL_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** True when a Host field names this API. The port is not compared: it says nothing about who asks. */
export function isOwnHost(hostField: string | undefined, configured: ReadonlySet<string>): boolean {
  if (hostField === undefined) return false;
  const name = nameOf(hostField);
  return LOCAL_NAMES.has(name) || configured.has(name);
}

/** The names under which an API that was told to listen at `host` may be asked for. */
export function namesOf(host: string): ReadonlySet<string> {
  const name = host.toLowerCase();
  return new Set([name.includes(':') ? `[${name}]` : name]);
}

/** True for an address at which only this machine can be asked. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** True when a Host field holds an address: no page can point an address elsewhere, only a name. */
export function isAddressHost(hostField: string): boolean {
  return /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]{2,45}\])$/.test(nameOf(hostField));
}

function nameOf(hostField: string): string {
  return hostField.toLowerCase().replace(/:\d{1,5}$/, '');
}
