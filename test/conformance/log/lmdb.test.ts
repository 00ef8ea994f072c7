import { join } from 'node:path';
import { lmdbLog } from '@weir/control/log/lmdb-log.js';
import { Stage } from '../../support/stage.js';
import { KEPT, logSuite } from './log-suite.js';

/** Ends in one process, with one handle each, as two processes have them; a follower hears what its own end has appended. */
logSuite('in LMDB', async () => {
  const own = new Stage();
  const file = join(own.folder(), 'log.mdb');
  const limits = { entriesMax: KEPT, bytesMax: 64 * 1024 * 1024 };
  const log = lmdbLog(file, () => {}, limits);
  return {
    async open() {
      let isClosed = false;
      const away = { ok: false, why: 'away', detail: 'closed' } as const;
      // As for the log in memory: all in one process share one log, and each end can be closed alone.
      return {
        append: async (...all) => (isClosed ? away : log.append(...all)),
        bounds: async () => (isClosed ? null : log.bounds()),
        read: async (...all) => (isClosed ? null : log.read(...all)),
        follow: (onRecord) => log.follow(onRecord),
        async close() {
          isClosed = true;
        },
      };
    },
    async close() {
      await log.close();
      await own.clear();
    },
  };
});
