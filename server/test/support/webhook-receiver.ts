import { createServer, type IncomingHttpHeaders } from 'node:http';

export type Received = {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
};

/** A server of somebody else on this machine: it keeps what it gets and answers as it is told. */
export type WebhookReceiver = {
  readonly url: string;
  readonly received: readonly Received[];
  /** The next answers, in turn; 200 when there is none left. */
  answerWith(...answers: readonly (number | { status: number; body: string })[]): void;
  close(): Promise<void>;
};

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const answers: { status: number; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      received.push({ url: request.url ?? '', headers: request.headers, text });
      const { status, body } = answers.shift() ?? { status: 200, body: '' };
      response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook?from=test`,
    received,
    answerWith: (...given) => {
      answers.push(
        ...given.map((answer) => (typeof answer === 'number' ? { status: answer, body: '' } : answer)),
      );
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
