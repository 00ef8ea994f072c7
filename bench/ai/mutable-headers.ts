/**
 * Loaded before Portkey's gateway (`node --import`). Its build of npm answers each stream with a 500 on Node: it adds fields to the
 * headers of what `fetch` gave, which are immutable. Here they are copied, which is all; whole answers are not touched by it.
 */
const given = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const answer = await given(input, init);
  const isStream = answer.headers.get('content-type')?.includes('text/event-stream') === true;
  if (!isStream) return answer;
  const { status, statusText } = answer;
  return new Response(answer.body, { status, statusText, headers: new Headers(answer.headers) });
};
