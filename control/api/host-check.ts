/**
 * Guards a loopback API against DNS rebinding: a page in the operator's browser may point its own host name at
 * 127.0.0.1 and read answers as same-origin. Its requests then carry its name in Host, so only names that are known to
 * mean this API are served (as Ollama, Vite and the Jupyter server do). Pure.
 */

const LOCAL_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** True when a Host field names this API. The port is not compared: it says nothing about who asks. */
export function isOwnHost(hostField: string | undefined, configured: ReadonlySet<string>): boolean {
  if (hostField === undefined) return false;
  const name = hostField.toLowerCase().replace(/:\d{1,5}$/, '');
  return LOCAL_NAMES.has(name) || configured.has(name);
}

/** The names under which an API that was told to listen at `host` may be asked for. */
export function namesOf(host: string): ReadonlySet<string> {
  const name = host.toLowerCase();
  return new Set([name.includes(':') ? `[${name}]` : name]);
}
