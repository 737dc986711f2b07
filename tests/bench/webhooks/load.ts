/** The load generator, as a process: one order in, one report out. Plain sockets, so that it costs less than the server. */
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { PAYLOAD_SIZES, signedPush } from './payload.ts';

export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  readonly requests: number;
  /** Null sends as fast as answers come; a rate sends on time, and counts a late start as waiting. */
  readonly perSecond: number | null;
}

export interface LoadReport {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function run(order: LoadOrder): Promise<LoadReport> {
  const requests = PAYLOAD_SIZES.map(signedPush);
  const latencies: number[] = [];
  let next = 0;
  const start = performance.now();
  const work = async () => {
    const socket = await open(order.port);
    while (next < order.requests) {
      const index = next++;
      const due = order.perSecond === null ? performance.now() : start + (index / order.perSecond) * 1000;
      await until(due);
      const { before, after } = requests[index % requests.length] as (typeof requests)[number];
      socket.write(before + randomUUID());
      socket.write(after);
      const status = await answer(socket);
      if (status !== 200) throw new Error(`a delivery was answered ${status}`);
      latencies.push(performance.now() - due);
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: order.connections }, work));
  const seconds = (performance.now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (fraction: number) => latencies[Math.floor(latencies.length * fraction)] ?? 0;
  return { perSecond: order.requests / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

async function until(due: number): Promise<void> {
  const early = due - performance.now();
  if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
}

/** Status of the next response; its body is small and carries a length. */
function answer(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    const gone = () => reject(new Error('the server closed the connection'));
    const take = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (text.length < head + 4 + length) return;
      socket.off('data', take).off('close', gone);
      resolve(Number(text.slice(9, 12)));
    };
    socket.on('data', take).once('close', gone);
  });
}

process.once('message', async (order: LoadOrder) => {
  process.send?.(await run(order));
  process.disconnect();
});
