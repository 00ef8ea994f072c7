/** Reads what nginx's stub_status prints: connections, and below `server accepts handled requests` three counts. Pure. */
export function parseOriginRequests(text: string): number {
  const counts = /^server accepts handled requests\s+\d+ \d+ (\d+)/m.exec(text);
  if (counts === null) throw new Error(`not the status of nginx: ${text.slice(0, 200)}`);
  return Number(counts[1]);
}
