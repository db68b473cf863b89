import { z } from 'zod';
import type { Context } from '../../context.ts';
import { enqueue } from '../../jobs/enqueue.ts';
import { defineTask } from '../../jobs/task.ts';
import { openedText, sealedText } from '../../kernel/sealed-text.ts';
import type { Mail } from '../../ports/mail.ts';
import type { Tx } from '../../store/database.ts';

/** Mails carry links and passwords that let somebody in, so they wait sealed. */
const OWNER = 'mail';
const MAX_ATTEMPTS = 8;

const payload = z.object({ sealed: z.string() });

/** Sends one mail; a second one is the price of a process that dies between sending and saying so. */
export const sendMail = defineTask({
  name: 'sendMail',
  payload,
  run: async ({ mail, secretKey, log }, { sealed }) => {
    const waiting = JSON.parse(openedText(sealed, { key: secretKey, owner: OWNER })) as Mail;
    if (mail) await mail.send(waiting);
    else log.warn('a mail was dropped: there is no mail server any more');
  },
});

/** Has a mail sent once the transaction commits; to be called only where `ctx.mail` is there. */
export async function enqueueMail(tx: Tx, { secretKey }: Context, mail: Mail): Promise<void> {
  const sealed = sealedText(JSON.stringify(mail), { key: secretKey, owner: OWNER });
  await enqueue(tx, { task: sendMail, payload: { sealed }, maxAttempts: MAX_ATTEMPTS });
}
