/** A child process that is one end of the bus over IPC: what its parent's tests tell it to do, it does. */
import type { Bus } from '@weir/proto/bus/bus.js';
import { ipcBus, splitEnd } from '@weir/proto/bus/ipc-bus.js';

export type ChildOrder =
  | { readonly order: 'open'; readonly inbox: string }
  | { readonly order: 'subscribe'; readonly pattern: string; readonly answer: string | null }
  | { readonly order: 'publish'; readonly subject: string; readonly text: string; readonly times: number }
  /** Reads nothing for so long. */
  | { readonly order: 'sleep'; readonly ms: number };
export type ChildReport = { readonly report: 'opened' } | { readonly report: 'heard'; readonly text: string };

let bus: Bus | null = null;
const { bus: half, rest } = splitEnd(process);
const tell = (report: ChildReport): void => void rest.send?.(report, () => {});

rest.on('message', (raw) => {
  const message = raw as ChildOrder; // Sent by the test of this file alone.
  switch (message.order) {
    case 'open':
      bus = ipcBus(half, {
        inbox: message.inbox,
        clock: {
          nowMs: () => performance.now(),
          after(delayMs, run) {
            const timer = setTimeout(run, delayMs);
            return () => clearTimeout(timer);
          },
        },
      });
      bus.onStateChange(() => tell({ report: 'opened' }));
      return;
    case 'subscribe':
      bus?.subscribe(message.pattern, ({ subject, bytes, reply }) => {
        tell({ report: 'heard', text: `${subject} ${new TextDecoder().decode(bytes).slice(0, 40)}` });
        if (message.answer !== null) reply(new TextEncoder().encode(message.answer));
      });
      return;
    case 'publish':
      for (let i = 0; i < message.times; i += 1) bus?.publish(message.subject, new TextEncoder().encode(message.text));
      return;
    case 'sleep':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.ms);
  }
});
process.on('disconnect', () => process.exit(0));
