import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';

/** A mail as it arrived: the addresses of the envelope and the text as sent. */
export type ReceivedMail = { readonly from: string; readonly to: readonly string[]; readonly text: string };

/** A mail server that keeps what it gets; `refuse` makes it turn everything down. */
export type MailServer = {
  readonly url: string;
  readonly mails: readonly ReceivedMail[];
  refuse(isRefusing: boolean): void;
  close(): Promise<void>;
};

/** Starts one on a free port of this machine. */
export async function startMailServer(): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  let isRefusing = false;
  const server = createServer((socket) => {
    converse(
      socket,
      (mail) => mails.push(mail),
      () => isRefusing,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    refuse(next) {
      isRefusing = next;
    },
    close: () => ended(server),
  };
}

function ended(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Just enough SMTP for one mail after the other. */
function converse(socket: Socket, keep: (mail: ReceivedMail) => void, isRefusing: () => boolean): void {
  let waiting = '';
  let mail = { from: '', to: [] as string[], text: '' };
  let isText = false;
  const say = (line: string) => socket.write(`${line}\r\n`);
  const take = (line: string) => {
    if (isText && line !== '.') mail.text += `${line}\n`;
    else if (isText) {
      isText = false;
      keep(mail);
      mail = { from: '', to: [], text: '' };
      say('250 kept');
    } else if (/^MAIL FROM:/i.test(line)) {
      mail.from = addressOf(line);
      say(isRefusing() ? '451 later' : '250 ok');
    } else if (/^RCPT TO:/i.test(line)) {
      mail.to.push(addressOf(line));
      say('250 ok');
    } else if (/^DATA/i.test(line)) {
      isText = true;
      say('354 go on');
    } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
    else say('250 ok');
  };
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const lines = (waiting + String(chunk)).split('\r\n');
    waiting = lines.pop() ?? '';
    lines.forEach(take);
  });
  say('220 test');
}

function addressOf(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? '';
}
