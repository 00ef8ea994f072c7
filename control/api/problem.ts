/** Problem documents of the admin API (RFC 9457). */

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** `more`: members of its own. */
export function problem(status: number, title: string, detail: string, more: object = {}): Problem {
  return { ...more, type: 'about:blank', title, status, detail };
}

interface Reply {
  code(status: number): Reply;
  type(contentType: string): Reply;
  send(body: string): unknown;
}

/** Serialised here: the content type is not one for which fastify would do it. */
export async function sendProblem(reply: Reply, body: Problem): Promise<void> {
  await reply.code(body.status).type('application/problem+json').send(JSON.stringify(body));
}
