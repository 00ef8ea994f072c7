/** Whose name stands on a revision or an order that was given here. */
import type { Session } from '../api/session.js';

export function authorOf(session: Session): string {
  return session.kind === 'in' ? session.user.login : 'console';
}
