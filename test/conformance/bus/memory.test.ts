import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { busSuite, realClock } from './bus-suite.js';

busSuite('in memory', async () => {
  const broker = new Broker();
  let ends = 0;
  const opened: { close(): Promise<void> }[] = [];
  return {
    async open(pendingBytesMax) {
      ends += 1;
      const bound = pendingBytesMax === undefined ? {} : { pendingBytesMax };
      const bus = memoryBus(broker, { clock: realClock, inbox: `reply.m${ends}`, ...bound });
      opened.push(bus);
      await Promise.resolve();
      return bus;
    },
    async close() {
      for (const bus of opened) await bus.close();
    },
  };
});
