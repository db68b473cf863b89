import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What a proxy does to the connections through it: nothing; cut those that are open and take no new ones;
 * pass everything on late; pass requests on and cut before their answer comes back; answer HTTP requests with
 * 500.
 */
export type Fault = 'none' | 'refused' | 'slow' | 'answers lost' | 'status 500';

/** A TCP proxy in front of a store. Its address stays when the store comes back on another port. */
export type FaultProxy = {
  readonly port: number;
  target: number;
  cause(fault: Fault): void;
  stop(): Promise<void>;
};

const SLOW_MS = 700;
const FAILURE = 'Code: 241. DB::Exception: no memory left (MEMORY_LIMIT_EXCEEDED)';
const ANSWER_500 =
  'HTTP/1.1 500 Internal Server Error\r\nX-ClickHouse-Exception-Code: 241\r\nConnection: close\r\n' +
  `Content-Length: ${FAILURE.length}\r\n\r\n${FAILURE}`;

/** Starts one on a free port of the loopback interface, as of now without a fault. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const open = new Set<Socket>();
  const state = { target, fault: 'none' as Fault };
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  const server = createServer((client) => {
    if (state.fault === 'refused') return void client.destroy();
    const store = connect(state.target, '127.0.0.1');
    for (const [socket, other] of [
      [client, store],
      [store, client],
    ] as const) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    forward({ from: client, to: store }, () => state.fault, requestPassed);
    forward({ from: store, to: client }, () => state.fault, answerPassed);
  });
  return {
    port: await listening(server),
    get target() {
      return state.target;
    },
    set target(port) {
      state.target = port;
    },
    cause(fault) {
      state.fault = fault;
      if (fault === 'refused') cut();
    },
    async stop() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Way = { readonly from: Socket; readonly to: Socket };
type Passage = (way: Way, fault: Fault) => boolean;

/** Chunk after chunk in order; each is asked about when its turn comes. */
function forward(way: Way, fault: () => Fault, isPassed: Passage): void {
  const { from, to } = way;
  let before = Promise.resolve();
  from.on('data', (chunk) => {
    before = before.then(async () => {
      if (fault() === 'slow') await sleep(SLOW_MS);
      if (isPassed(way, fault()) && to.writable) to.write(chunk);
    });
  });
  from.on('end', () => void before.then(() => to.end()));
}

function requestPassed({ from, to }: Way, fault: Fault): boolean {
  if (fault !== 'status 500') return true;
  from.end(ANSWER_500);
  to.destroy();
  return false;
}

function answerPassed({ to }: Way, fault: Fault): boolean {
  if (fault !== 'answers lost') return true;
  to.destroy();
  return false;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
