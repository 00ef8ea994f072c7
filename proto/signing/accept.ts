/**
 * Which announcement of a snapshot is followed, of those that are rightly signed: a signature says who, and only a number says
 * when. `serial` rises with each announcement, so an old one is a replay whatever it says; the version never falls but by an
 * announcement that says which version it takes back. Pure; the position is kept on disk with the last good snapshot.
 */
import type { Announcement } from '../events/announcement.js';

/** The latest announcement that was followed. */
export interface Position {
  readonly serial: number;
  readonly version: number;
  readonly hash: string;
}

export const atTheBeginning: Position = { serial: 0, version: 0, hash: '' };

export type Acceptance =
  | { readonly accept: true; readonly position: Position }
  /**
   * `repeat`: the very one that was followed last. `replay`: an older one. `falls`: a lower version, and no rollback of what is
   * in force. `conflict`: the same number with another content; two that sign with one key are not of one mind.
   */
  | { readonly accept: false; readonly why: 'repeat' | 'replay' | 'falls' | 'conflict' };

export function acceptAnnouncement(position: Position, announced: Announcement): Acceptance {
  const { serial, version, hash, takesBack } = announced;
  if (serial < position.serial) return { accept: false, why: 'replay' };
  const isSame = version === position.version && hash === position.hash;
  if (serial === position.serial) return { accept: false, why: isSame ? 'repeat' : 'conflict' };
  if (version === position.version && !isSame) return { accept: false, why: 'conflict' };
  // Who has missed some of what is taken back goes down with all others; who has more than that does not.
  const isRollback = takesBack > version && takesBack >= position.version;
  if (version < position.version && !isRollback) return { accept: false, why: 'falls' };
  return { accept: true, position: { serial, version, hash } };
}
